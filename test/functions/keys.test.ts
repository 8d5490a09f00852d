import * as fc from 'fast-check'
import t from 'tap'
import { readKey, toKeyFields, toKeyId } from '../../functions/keys.ts'
import type { ReconcileKey } from '../../shared/controllers/contract.ts'

const KEYS: readonly [key: ReconcileKey, id: string, fields: object][] = [
  [{ kind: 'Node' }, 'Node', { kind: 'Node', node: undefined }],
  [{ kind: 'Node', name: 'a' }, 'Node/a', { kind: 'Node', node: 'a' }],
  [{ kind: 'Service' }, 'Service', { kind: 'Service', service: undefined }],
  [{ kind: 'Service', namespace: 'a' }, 'Service/a', { kind: 'Service', service: 'a/' }],
  [{ kind: 'Service', namespace: 'a', name: 'b' }, 'Service/a/b', { kind: 'Service', service: 'a/b' }],
]
for (const [key, id, fields] of KEYS) {
  t.test(`${id} is read, told apart and named`, async t => {
    t.strictSame(readKey({ ...key, uid: '1' }), key)
    t.equal(toKeyId(key), id)
    t.strictSame(toKeyFields(key), fields)
  })
}

t.test('a node has no namespace', async t => {
  t.strictSame(readKey({ kind: 'Node', namespace: 'a', name: 'b' }), { kind: 'Node', name: 'b' })
})

const label = (length: number): string => 'x'.repeat(length)
const LIMITS: readonly [entry: unknown, isKey: boolean][] = [
  [{ kind: 'Node', name: label(253) }, true],
  [{ kind: 'Node', name: label(254) }, false],
  [{ kind: 'Service', namespace: label(63), name: label(63) }, true],
  [{ kind: 'Service', namespace: label(64), name: 'b' }, false],
  [{ kind: 'Service', namespace: 'a', name: label(64) }, false],
  [{ kind: 'Service', namespace: '', name: 'b' }, false],
  [{ kind: 'Service', namespace: 'a', name: '' }, false],
  [{ kind: 'Node', name: '..' }, false],
  [{ kind: 'Node', name: 'a/b' }, false],
  [{ kind: 'Node', name: 'a\n' }, false],
  [{ kind: 'Node', name: 'ａ' }, false],
  [{ kind: 'Service', namespace: 'a/b', name: 'c' }, false],
  [{ kind: 'Service', name: 'b' }, false],
  [{ kind: 'Service', namespace: 7 }, false],
  [{ kind: 'Service', namespace: null, name: 'b' }, false],
  [{ kind: 'service' }, false],
]
for (const [entry, isKey] of LIMITS) {
  t.test(`${JSON.stringify(entry).slice(0, 60)}: ${isKey ? 'a key' : 'no key'}`, async t => {
    t.equal(readKey(entry) !== undefined, isKey)
  })
}

t.test('whatever is sent is read or left out', async t => {
  const kind = fc.constantFrom('Node', 'Service', 'Pod')
  const entry = fc.oneof(
    fc.jsonValue(),
    fc.record({ kind, namespace: fc.jsonValue(), name: fc.jsonValue() }, { requiredKeys: [] }),
  )
  fc.assert(
    fc.property(entry, given => {
      const key = readKey(given)
      if (key) t.strictSame(readKey(key), key, 'what was read is a key')
    }),
    { numRuns: 200 },
  )
})
