import t from 'tap'
import type { IpBlock } from '../../shared/simulator/bmc/types.ts'
import type { RequestDone } from '../../torture/world/contract.ts'
import { block, gate, service } from './_objects.ts'
import { CONTROLLER, tellByHand } from './_told.ts'

const USER = 'admin'
const SECOND = { id: 'b2', cidr: '198.19.0.32/29' }
const LIST = '/ips/v1/ip-blocks'
const CUT = { trouble: 'cut' } as const
const DENIED = { status: 0, trouble: 'status', madeUp: 404 } as const

/** What is read before a second block is bought while the first one has that status. */
const DENIALS: readonly [
  what: string,
  status: IpBlock['status'],
  isWrong: boolean,
  reads: readonly (readonly [path: string, more: Partial<RequestDone>])[],
][] = [
  ['a cut list lacks', 'creating', true, [[LIST, CUT]]],
  [
    'the cloud denies after a cut list',
    'creating',
    false,
    [
      [LIST, CUT],
      [`${LIST}/b1`, DENIED],
    ],
  ],
  [
    'the cloud denies after a whole list',
    'creating',
    true,
    [
      [LIST, {}],
      [`${LIST}/b1`, DENIED],
    ],
  ],
  [
    'the cloud denies although the network names it',
    'assigned',
    true,
    [
      [LIST, CUT],
      [`${LIST}/b1`, DENIED],
    ],
  ],
  [
    'cannot be asked for',
    'creating',
    true,
    [
      [LIST, CUT],
      [`${LIST}/b1`, { ...DENIED, madeUp: 503 }],
    ],
  ],
  [
    'a whole list has shown since',
    'creating',
    true,
    [
      [LIST, CUT],
      [`${LIST}/b1`, DENIED],
      [LIST, {}],
    ],
  ],
]
for (const [what, status, isWrong, reads] of DENIALS)
  t.test(`2a a block is bought beside one that ${what}`, async t => {
    const told = tellByHand()
    told.store(USER, 'services', service('web', ''))
    told.cloud(CONTROLLER, `POST ${LIST}`, [block({ status })])
    for (const [path, more] of reads)
      told.request(
        CONTROLLER,
        { to: 'cloud', method: 'GET', path, isWrite: false },
        { changed: false, ...more },
      )
    told.cloud(CONTROLLER, `POST ${LIST}`, [block({ status }), block({ ...SECOND, status: 'creating' })])
    const found = told.violations.filter(({ invariant }) => invariant === '2a')
    t.equal(found.length, isWrong ? 1 : 0)
  })

for (const [blockId, isWrong] of [
  ['b1', true],
  ['b9', true],
  ['', false],
] as const)
  t.test(`2a a block is bought beside one whose gate is of block "${blockId}"`, async t => {
    const told = tellByHand()
    told.store(USER, 'services', service('web', ''))
    told.cloud(CONTROLLER, `POST ${LIST}`, [block({ status: 'creating' })])
    told.store(USER, 'ipaddresses', gate({ 'block-id': blockId }))
    told.cloud(CONTROLLER, `POST ${LIST}`, [block(), block({ ...SECOND, status: 'creating' })])
    const found = told.violations.filter(({ invariant }) => invariant === '2a')
    t.equal(found.length, isWrong ? 1 : 0)
  })
