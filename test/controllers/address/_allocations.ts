import t from 'tap'
import { allocate } from '../../../shared/controllers/address/allocate.ts'
import type { ErrorCode } from '../../../shared/errors.ts'
import {
  API,
  first,
  makeBlock,
  makeClaim,
  makeIndex,
  makeRequest,
  type RequestSketch,
  type ViewSketch,
} from './_view.ts'

export const A = makeBlock('a', '203.0.113.0/29')
export const B = makeBlock('b', '203.0.113.8/29')
export const V6 = makeBlock('v6', '2001:db8::/64')
export const FAILED = makeBlock('a', '203.0.113.0/29', { state: 'failed', status: 'error assigning' })
export const FREE = ['203.0.113.2', '203.0.113.3', '203.0.113.4', '203.0.113.5', '203.0.113.6']
export const DUAL = { families: ['IPv4', 'IPv6'] as const }
export const ask = (...requested: string[]) => ({ wish: { requested } })
export const theirs = (address: string, block = 'a') => makeClaim(address, block, { service: API })
export const full = FREE.map(address => theirs(address))

interface Expected {
  /** Of the first family. */
  readonly keep?: string | undefined
  /** In any order, of the first family; `some` for any at all. */
  readonly candidates?: readonly string[] | 'some'
  readonly otherwise?: 'full' | 'refused' | 'onHold'
  readonly codes?: readonly ErrorCode[]
  readonly broken?: readonly string[]
}

/** How one family of a Service is decided, and what is said of it. */
export type AllocationCase = readonly [
  name: string,
  sketch: ViewSketch,
  request: RequestSketch,
  expected: Expected,
]

export function testAllocations(cases: readonly AllocationCase[]): void {
  for (const [name, sketch, request, expected] of cases)
    void t.test(name, async t => {
      const { families, problems, broken } = allocate(makeIndex(sketch), makeRequest(request))
      const [row] = families
      t.equal(row?.keep?.address, expected.keep)
      const candidates = first(row?.candidates ?? [])
      if (expected.candidates === 'some') t.ok(candidates.length > 0)
      else t.strictSame(candidates.toSorted(), [...(expected.candidates ?? [])])
      if (expected.otherwise) t.equal(row?.otherwise, expected.otherwise)
      t.strictSame(problems.map(({ code }) => code).toSorted(), [...(expected.codes ?? [])])
      t.ok(problems.every(({ message }) => message.length <= 256))
      t.strictSame(
        broken.map(({ claim }) => claim.address),
        [...(expected.broken ?? [])],
      )
    })
}
