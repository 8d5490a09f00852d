import t from 'tap'
import type { AddressWish } from '../../../shared/controllers/address/wish.ts'
import { readHistory } from '../../../shared/controllers/service/history.ts'
import { toWish } from '../../../shared/controllers/service/wish.ts'
import type { ErrorCode } from '../../../shared/errors.ts'
import { NO_WISH } from '../address/_view.ts'
import { fakeAnnouncer, makeService, type ServiceSketch } from './_service.ts'

const KEY = 'example.org/location'
const at = (location: string, more: Record<string, string> = {}) => ({
  annotations: { [KEY]: location, ...more },
})

interface Case {
  readonly sketch?: ServiceSketch
  readonly location?: string
  readonly network?: string | undefined
  /** PNAP_IP_ALLOCATION; packed unless told. */
  readonly fallback?: AddressWish['mode']
  readonly assigned?: readonly string[]
  readonly expected?: Partial<AddressWish>
  readonly codes?: readonly ErrorCode[]
  readonly says?: readonly RegExp[]
}
const CASES: Readonly<Record<string, Case>> = {
  nothing: {
    expected: NO_WISH,
  },
  'an address': {
    sketch: { spec: { loadBalancerIP: '203.0.113.2' } },
    expected: { requested: ['203.0.113.2'], source: 'spec.loadBalancerIP' },
  },
  'what we chose': {
    sketch: { spec: { loadBalancerIP: '203.0.113.2' } },
    assigned: ['203.0.113.2'],
    expected: { requested: [] },
  },
  'no address': {
    sketch: { annotations: { 'example.org/ips': '203.0.113.2,x,y' } },
    expected: { requested: ['203.0.113.2'], isUnclear: true },
    codes: ['CCM_ADDRESS_MALFORMED'],
    says: [/example\.org\/ips holds "x"/],
  },
  'a long text': {
    sketch: { annotations: { 'example.org/ips': 'x'.repeat(1000) } },
    expected: { isUnclear: true },
    codes: ['CCM_ADDRESS_MALFORMED'],
  },
  'the location of the network': { sketch: at('phx'), expected: { isBlocked: false } },
  'an empty location': { sketch: at(''), expected: { isBlocked: false } },
  'another location': {
    sketch: at('ASH'),
    expected: { isBlocked: true },
    codes: ['CCM_LOCATION_CONFLICT'],
    says: [/example\.org\/location says "ASH".*"PHX"/],
  },
  'another location while the network is unknown': {
    sketch: at('ASH'),
    network: undefined,
    expected: { isBlocked: false },
  },
  'another location by the setting': {
    location: 'ASH',
    expected: { isBlocked: true },
    codes: ['CCM_LOCATION_CONFLICT'],
    says: [/PNAP_LOCATION says "ASH".*"PHX"/],
  },
  'another location beside the setting': {
    sketch: at('ASH'),
    location: 'PHX',
    expected: { isBlocked: false },
    codes: ['CCM_LOCATION_CONFLICT'],
    says: [/"ASH".*PNAP_LOCATION says "PHX"/],
  },
  'the location of the setting': { location: 'PHX', expected: { isBlocked: false } },
  'the setting before the annotation': {
    sketch: at('PHX'),
    location: 'ASH',
    expected: { isBlocked: true },
    codes: ['CCM_LOCATION_CONFLICT'],
  },
  dedicated: {
    sketch: { annotations: { 'phoenixnap.com/ip-allocation': 'dedicated' } },
    expected: { mode: 'dedicated' },
  },
  'what all have': { fallback: 'dedicated', expected: { mode: 'dedicated' } },
  'a shared block where others have their own': {
    sketch: { annotations: { 'phoenixnap.com/ip-allocation': 'packed' } },
    fallback: 'dedicated',
    expected: { mode: 'packed' },
  },
  'an unknown allocation': {
    sketch: { annotations: { 'phoenixnap.com/ip-allocation': 'Dedicated' } },
    expected: { mode: 'packed' },
    codes: ['CCM_ANNOTATION_INVALID'],
    says: [/expected packed or dedicated: it is taken for packed/],
  },
  retained: { sketch: { annotations: { 'phoenixnap.com/retain-ip': 'true' } }, expected: { retain: true } },
  'not retained': {
    sketch: { annotations: { 'phoenixnap.com/retain-ip': 'false' } },
    expected: { retain: false },
  },
  'perhaps retained': {
    sketch: { annotations: { 'phoenixnap.com/retain-ip': 'yes', 'phoenixnap.com/manage': '1' } },
    expected: { retain: false },
    codes: ['CCM_ANNOTATION_INVALID', 'CCM_ANNOTATION_INVALID'],
    says: [
      /retain-ip is "yes", expected true or false: it is taken for false/,
      /manage is "1", expected true or false: it is taken for false/,
    ],
  },
}
for (const [
  name,
  { sketch, location, fallback = 'packed', assigned = [], expected = {}, codes = [], says = [], ...rest },
] of Object.entries(CASES))
  t.test(`wishes for ${name}`, async t => {
    const settings = { location, annotationIPLocation: KEY, ipAllocation: fallback } as const
    const networkLocation = 'network' in rest ? rest.network : 'PHX'
    const wish = toWish({
      service: makeService(sketch),
      announcer: fakeAnnouncer,
      settings,
      assigned,
      networkLocation,
    })
    for (const [key, value] of Object.entries(expected))
      t.strictSame(wish[key as keyof AddressWish], value, key)
    t.strictSame(
      wish.problems.map(({ code }) => code),
      codes,
    )
    says.forEach((text, index) => t.match(wish.problems[index]?.message, text))
    t.ok(wish.problems.every(({ message }) => message.length <= 256))
  })

const ASSIGNED = { 'phoenixnap.com/assigned-ips': '203.0.113.2, 2001:DB8::5,x' }
const READ = ['203.0.113.2', '2001:db8::5']
const HISTORIES: readonly [
  name: string,
  sketch: ServiceSketch,
  old: ServiceSketch | undefined,
  live: readonly string[],
  held: readonly string[],
][] = [
  ['none', {}, undefined, [], []],
  ['what we chose', { annotations: ASSIGNED }, undefined, READ, READ],
  ['what its status says', { status: ['192.0.2.1'] }, undefined, [], ['192.0.2.1']],
  [
    'what we chose before its status',
    { annotations: ASSIGNED, status: ['192.0.2.1', '203.0.113.2'] },
    undefined,
    READ,
    [...READ, '192.0.2.1'],
  ],
  [
    'what is waited for is not served',
    { annotations: { ...ASSIGNED, 'phoenixnap.com/waiting': 'x' } },
    undefined,
    [],
    READ,
  ],
  [
    'what a replacement dropped',
    {},
    { annotations: ASSIGNED, status: ['192.0.2.1'] },
    READ,
    [...READ, '192.0.2.1'],
  ],
  [
    'what a replacement dropped of one that waits',
    {},
    { annotations: { ...ASSIGNED, 'phoenixnap.com/waiting': 'x' } },
    [],
    READ,
  ],
]
for (const [name, sketch, old, live, held] of HISTORIES)
  t.test(`remembers ${name}`, async t => {
    const history = readHistory(makeService(sketch), old && makeService(old))
    t.strictSame([history.live, history.held], [live, held])
  })
