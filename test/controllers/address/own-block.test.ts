import t from 'tap'
import { hasDedicated } from '../../../shared/controllers/address/tenants.ts'
import { A, FREE } from './_allocations.ts'
import { API, makeClaim, makeIndex, WEB } from './_view.ts'

/** All but one of its five addresses are another Service's, and the last one is so in this state. */
const sharedWith = (state: 'active' | 'retained' | 'released' | 'unconfirmed') =>
  FREE.map((address, index) => makeClaim(address, 'a', { service: API, state: index > 0 ? 'active' : state }))
const OWN = { ...A, dedicatedTo: WEB }
const BLOCKS_OF_WEB: readonly [name: string, view: Parameters<typeof makeIndex>[0], isOwn: boolean][] = [
  ['none', { blocks: [A] }, false],
  ['one of its own', { blocks: [OWN] }, true],
  ['another one’s', { blocks: [{ ...A, dedicatedTo: API }] }, false],
  ['one on its way, of which no address is known', { known: [{ ...OWN, usable: undefined }] }, true],
  ['one that others have taken', { blocks: [OWN], claims: sharedWith('active') }, false],
  ['one that others have taken, and retain', { blocks: [OWN], claims: sharedWith('retained') }, false],
  ['one in which an address rests', { blocks: [OWN], claims: sharedWith('released') }, true],
  ['one of which a review holds an address', { blocks: [OWN], claims: sharedWith('unconfirmed') }, true],
  [
    'one that it has taken itself',
    { blocks: [OWN], claims: FREE.map(address => makeClaim(address, 'a')) },
    true,
  ],
]
for (const [name, view, isOwn] of BLOCKS_OF_WEB)
  t.test(`a Service has ${isOwn ? 'a' : 'no'} block of its own: ${name}`, async t =>
    t.equal(hasDedicated(makeIndex(view), WEB), isOwn),
  )
