import t from 'tap'
import { applyMergePatch } from '../../../../shared/simulator/kubernetes/patch/merge-patch.ts'

const CASES: readonly (readonly [name: string, document: unknown, patch: unknown, result: unknown])[] = [
  ['merges objects', { a: { b: 1 } }, { a: { c: 2 } }, { a: { b: 1, c: 2 } }],
  ['deletes with null', { a: 1, b: 2 }, { a: null }, { b: 2 }],
  ['replaces lists', { a: [1, 2] }, { a: [3] }, { a: [3] }],
  ['makes objects of scalars', { a: 1 }, { a: { b: null, c: 1 } }, { a: { c: 1 } }],
  ['is the patch when that is no object', { a: 1 }, [1], [1]],
]

for (const [name, document, patch, result] of CASES)
  t.test(name, async t => {
    t.same(applyMergePatch(document, patch), result)
  })
