import t from 'tap'
import { applyJsonPatch } from '../../../../shared/simulator/kubernetes/patch/json-patch.ts'

const DOCUMENT = { a: { b: 1, list: ['x', 'y'] }, 'k/e~y': 'v' }

const APPLIES: readonly (readonly [name: string, operations: unknown[], result: unknown])[] = [
  ['adds a field', [{ op: 'add', path: '/c', value: 1 }], { ...DOCUMENT, c: 1 }],
  ['unescapes names', [{ op: 'remove', path: '/k~1e~0y' }], { a: DOCUMENT.a }],
  [
    'inserts and appends',
    [
      { op: 'add', path: '/a/list/0', value: 'w' },
      { op: 'add', path: '/a/list/-', value: 'z' },
    ],
    { ...DOCUMENT, a: { b: 1, list: ['w', 'x', 'y', 'z'] } },
  ],
  [
    'replaces what is not there, as the real library',
    [{ op: 'replace', path: '/n', value: 1 }],
    { ...DOCUMENT, n: 1 },
  ],
  [
    'replaces an item',
    [{ op: 'replace', path: '/a/list/1', value: 'q' }],
    { ...DOCUMENT, a: { b: 1, list: ['x', 'q'] } },
  ],
  ['replaces the whole', [{ op: 'replace', path: '', value: [] }], []],
  ['moves', [{ op: 'move', from: '/a/b', path: '/b' }], { a: { list: ['x', 'y'] }, 'k/e~y': 'v', b: 1 }],
  ['copies', [{ op: 'copy', from: '/a/b', path: '/b' }], { ...DOCUMENT, b: 1 }],
  ['tests by JSON equality', [{ op: 'test', path: '/a', value: { list: ['x', 'y'], b: 1 } }], DOCUMENT],
  ['tests absence as null', [{ op: 'test', path: '/none', value: null }], DOCUMENT],
]

for (const [name, operations, result] of APPLIES)
  t.test(name, async t => {
    t.same(applyJsonPatch(DOCUMENT, operations), result)
    t.same(DOCUMENT, { a: { b: 1, list: ['x', 'y'] }, 'k/e~y': 'v' }, 'the given document is untouched')
  })

const FAILS: readonly (readonly [name: string, operation: unknown])[] = [
  ['a failed test', { op: 'test', path: '/a/b', value: 2 }],
  ['a missing parent', { op: 'add', path: '/x/y', value: 1 }],
  ['removing nothing', { op: 'remove', path: '/x' }],
  ['an index past the end', { op: 'add', path: '/a/list/3', value: 1 }],
  ['an index that is none', { op: 'remove', path: '/a/list/x' }],
  ['an unknown operation', { op: 'merge', path: '/a' }],
  ['an operation without value', { op: 'add', path: '/c' }],
  ['a path without slash', { op: 'add', path: 'c', value: 1 }],
  ['something else than an operation', 'add'],
]

for (const [name, operation] of FAILS)
  t.test(`refuses ${name}`, async t => {
    t.throws(() => applyJsonPatch(DOCUMENT, [operation]), { name: 'PatchError' })
  })
