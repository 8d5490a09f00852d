import t from 'tap'
import { BACKDATED_MS } from '../../shared/certificates.ts'
import {
  decideCertificate,
  LEAST_MS,
  RENEWED_AT,
  STEP_MS,
} from '../../shared/serving-identity/decide-certificate.ts'
import type { CertificateState, PairReading, ServingPair } from '../../shared/serving-identity/state.ts'

/** When the current certificate begins; a thousand days later it ends. */
const FROM = Date.UTC(2026, 0, 1)
const LIFE_MS = 1000 * STEP_MS
const UNTIL = FROM + LIFE_MS
const RENEWAL = FROM + LIFE_MS * RENEWED_AT
const HOSTS = ['new.svc', 'old.svc']

const toPair = (authority: string, fields: Partial<ServingPair> = {}): ServingPair => ({
  cert: `certificate of ${authority}`,
  key: 'key',
  authority,
  validFrom: FROM,
  validUntil: UNTIL,
  hosts: ['old.svc'],
  missing: [],
  ...fields,
})
const intact = (pair: ServingPair): PairReading => ({ state: 'intact', pair })
const DAMAGED: PairReading = { state: 'damaged', why: 'the key cannot be read' }
const ABSENT: PairReading = { state: 'absent' }
const OLD = { pem: 'old', validUntil: UNTIL }
const NEXT = { pem: 'next', validUntil: 2 * UNTIL }

const toState = (state: Partial<CertificateState> = {}): CertificateState => ({
  current: intact(toPair('old')),
  next: ABSENT,
  authorities: [OLD],
  since: undefined,
  ...state,
})

const spare = toPair('next', { validFrom: RENEWAL, validUntil: 2 * UNTIL })
const published: Partial<CertificateState> = { next: intact(spare), authorities: [OLD, NEXT] }
/** From there on the spare one is served. */
const CHANGE = RENEWAL + BACKDATED_MS + STEP_MS
const SETTLED = FROM + BACKDATED_MS + STEP_MS
const lacking = intact(toPair('old', { missing: ['new.svc', 'x.svc'] }))

const YOUNG = { do: 'keep', why: 'the certificate is young' }
const LATE = { do: 'keep', why: 'the last step was made within the hour' }
const RETIRE = { do: 'retire', authorities: ['old'], why: 'nothing that it signed is served any more' }
const toPublish = (why: string): object => ({ do: 'publish', hosts: HOSTS, authorities: ['old'], why })
const toMake = (why: string, fields: object = {}): object => ({
  do: 'make',
  damage: true,
  why,
  authorities: ['old'],
  hosts: HOSTS,
  ...fields,
})
const toPromote = (why: string): object => ({ do: 'promote', pair: spare, why })

/** [what there is, its parts, when, the step] */
const STEPS: readonly (readonly [
  what: string,
  state: Partial<CertificateState>,
  now: number,
  decision: object,
])[] = [
  ['a young certificate', {}, SETTLED, YOUNG],
  ['one that begins now', {}, FROM, YOUNG],
  ['one that begins soon', {}, FROM - 1, toMake('it is not valid yet')],
  ['one that is not due', {}, RENEWAL - 1, YOUNG],
  ['one that is due', {}, RENEWAL, toPublish('two thirds of its life are over')],
  ['one in its last moment', {}, UNTIL - 1, toPublish('two thirds of its life are over')],
  ['one that has ended', {}, UNTIL, toMake('it has expired', { authorities: [] })],
  ['one that lacks names', { current: lacking }, SETTLED, toMake('it is not valid for new.svc, x.svc')],
  ['one that is damaged', { current: DAMAGED }, SETTLED, toMake('the key cannot be read')],
  [
    'nothing',
    { current: ABSENT, authorities: [] },
    FROM,
    toMake('there is none', { damage: false, authorities: [] }),
  ],
  [
    'nothing but authorities, one at its end',
    {
      current: ABSENT,
      authorities: ['a', 'b', 'c', 'd', 'ended'].map(pem => ({
        pem,
        validUntil: pem === 'ended' ? SETTLED : UNTIL,
      })),
    },
    SETTLED,
    toMake('there is none', { damage: false, authorities: ['b', 'c', 'd'] }),
  ],
  [
    'a next one that nobody has seen',
    published,
    CHANGE - 1,
    { do: 'keep', why: 'the next certificate waits until everybody has seen its authority' },
  ],
  ['a next one that everybody has seen', published, CHANGE, toPromote('everybody has seen its authority')],
  [
    'a next one that is damaged',
    { next: DAMAGED },
    SETTLED,
    toPublish('the next certificate cannot be used: the key cannot be read'),
  ],
  [
    'a next one that has ended',
    { next: intact(toPair('next', { validUntil: SETTLED })) },
    SETTLED,
    toPublish('the next certificate cannot be used: it has expired'),
  ],
  ['both damaged', { current: DAMAGED, next: DAMAGED }, SETTLED, toMake('the key cannot be read')],
  ['a next one, and the current one ended', published, UNTIL, toPromote('it has expired')],
  ['an authority too many', { authorities: [OLD, NEXT] }, SETTLED, RETIRE],
  ['an authority too many, not settled', { authorities: [OLD, NEXT] }, SETTLED - 1, YOUNG],
  [
    'an authority too many, settled by its note',
    { authorities: [OLD, NEXT], since: FROM },
    FROM + STEP_MS,
    RETIRE,
  ],
  [
    'an authority too many, not settled by its note',
    { authorities: [OLD, NEXT], since: FROM },
    FROM + STEP_MS - 1,
    YOUNG,
  ],
]
for (const [what, state, now, decision] of STEPS)
  t.test(`with ${what}`, async t => {
    t.strictSame(decideCertificate(toState(state), HOSTS, now), decision)
  })

/** Steps that come within an hour of the one before, by its note or by the beginning of the next certificate. */
const QUICK: typeof STEPS = [
  ['a renewal', { since: RENEWAL - LEAST_MS + 1 }, RENEWAL, LATE],
  [
    'a renewal after the hour',
    { since: RENEWAL - LEAST_MS },
    RENEWAL,
    toPublish('two thirds of its life are over'),
  ],
  ['a renewal before a note from the future', { since: RENEWAL + LEAST_MS - 1 }, RENEWAL, LATE],
  [
    'a change to the next one, just made',
    { ...published, next: intact({ ...spare, validFrom: UNTIL - BACKDATED_MS }) },
    UNTIL + 1,
    LATE,
  ],
  [
    'a change to the next one, made an hour ago',
    { ...published, next: intact({ ...spare, validFrom: UNTIL - BACKDATED_MS }) },
    UNTIL + LEAST_MS,
    { ...toPromote('it has expired'), pair: { ...spare, validFrom: UNTIL - BACKDATED_MS } },
  ],
  ['a new one where one ended', { since: UNTIL }, UNTIL + 1, LATE],
  [
    'a new one where names are missing',
    { current: lacking, since: SETTLED },
    SETTLED,
    toMake('it is not valid for new.svc, x.svc'),
  ],
  [
    'a new one where one is damaged',
    { current: DAMAGED, since: SETTLED },
    SETTLED,
    toMake('the key cannot be read'),
  ],
  [
    'the next one where one is damaged',
    { ...published, current: DAMAGED, since: CHANGE },
    CHANGE,
    toPromote('the key cannot be read'),
  ],
  ['the next one where one is whole', { ...published, since: CHANGE }, CHANGE, LATE],
]
for (const [what, state, now, decision] of QUICK)
  t.test(`soon after another step: ${what}`, async t => {
    t.strictSame(decideCertificate(toState(state), HOSTS, now), decision)
  })

t.test('names of the old certificate stay, those of one that cannot be read are gone', async t => {
  const current = intact(toPair('old', { hosts: ['old.svc', 'a.svc'], missing: ['new.svc'] }))
  const hosts = ['new.svc']
  t.match(decideCertificate(toState({ current }), hosts, SETTLED), { hosts: ['new.svc', 'old.svc', 'a.svc'] })
  t.strictSame(decideCertificate(toState({ current: DAMAGED }), hosts, SETTLED), {
    ...toMake('the key cannot be read'),
    hosts,
  })
})
