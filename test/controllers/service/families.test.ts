import t from 'tap'
import { wantedFamilies } from '../../../shared/controllers/service/families.ts'
import type { KubeService } from '../../../shared/kubernetes/types.ts'

type Spec = NonNullable<KubeService['spec']>
const service = (spec: Spec | undefined): KubeService => ({
  metadata: { name: 'web' },
  ...(spec && { spec }),
})
const [FOUR, SIX, BOTH, TURNED] = [['IPv4'], ['IPv6'], ['IPv4', 'IPv6'], ['IPv6', 'IPv4']]
type Expected = readonly [all: readonly string[], required: readonly string[]] | undefined

const STORED: readonly [name: string, spec: Spec | undefined, expected: Expected][] = [
  ['single stack', { ipFamilies: SIX, ipFamilyPolicy: 'SingleStack' }, [SIX, SIX]],
  ['both required', { ipFamilies: TURNED, ipFamilyPolicy: 'RequireDualStack' }, [TURNED, TURNED]],
  ['both preferred', { ipFamilies: TURNED, ipFamilyPolicy: 'PreferDualStack' }, [TURNED, SIX]],
  [
    'both preferred in a cluster that had one then',
    { ipFamilies: FOUR, ipFamilyPolicy: 'PreferDualStack' },
    [FOUR, FOUR],
  ],
  ['an unknown family', { ipFamilies: ['IPv9', 'IPv4'], ipFamilyPolicy: 'SingleStack' }, [FOUR, FOUR]],
  ['none', {}, undefined],
  ['no spec', undefined, undefined],
]
for (const [name, spec, expected] of STORED)
  t.test(`stored: ${name}`, async t => {
    const families = wantedFamilies(service(spec), BOTH)
    t.strictSame(families && [families.all, families.required], expected)
  })

const CREATED: readonly [name: string, spec: Spec, cluster: readonly string[], expected: Expected][] = [
  ['nothing said', {}, BOTH, [FOUR, FOUR]],
  ['nothing said, IPv6 first', {}, TURNED, [SIX, SIX]],
  ['nothing said or known', {}, [], undefined],
  ['both preferred, nothing known', { ipFamilyPolicy: 'PreferDualStack' }, [], undefined],
  ['nothing said, an unknown family first', {}, ['IPv9', 'IPv6'], [SIX, SIX]],
  ['single', { ipFamilyPolicy: 'SingleStack' }, BOTH, [FOUR, FOUR]],
  ['single of a given family', { ipFamilyPolicy: 'SingleStack', ipFamilies: SIX }, BOTH, [SIX, SIX]],
  ['a given family', { ipFamilies: SIX }, BOTH, [SIX, SIX]],
  ['two given families', { ipFamilies: TURNED }, BOTH, [TURNED, TURNED]],
  ['preferred', { ipFamilyPolicy: 'PreferDualStack' }, BOTH, [BOTH, FOUR]],
  [
    'preferred, from a given one',
    { ipFamilyPolicy: 'PreferDualStack', ipFamilies: SIX },
    BOTH,
    [TURNED, SIX],
  ],
  ['preferred in a cluster of one', { ipFamilyPolicy: 'PreferDualStack' }, FOUR, [FOUR, FOUR]],
  ['required', { ipFamilyPolicy: 'RequireDualStack' }, BOTH, [BOTH, BOTH]],
  [
    'required, from a given one',
    { ipFamilyPolicy: 'RequireDualStack', ipFamilies: SIX },
    BOTH,
    [TURNED, TURNED],
  ],
  ['a given cluster IP', { clusterIP: 'fd00::5' }, BOTH, [SIX, SIX]],
  [
    'given cluster IPs',
    { clusterIPs: ['fd00::5', '10.0.0.5'], clusterIP: 'fd00::5' },
    BOTH,
    [TURNED, TURNED],
  ],
  ['headless', { clusterIP: 'None' }, TURNED, [SIX, SIX]],
]
for (const [name, spec, cluster, expected] of CREATED)
  t.test(`created: ${name}`, async t => {
    const families = wantedFamilies(service(spec), cluster, { old: undefined })
    t.strictSame(families && [families.all, families.required], expected)
  })

const DUAL: Spec = { ipFamilies: BOTH, ipFamilyPolicy: 'PreferDualStack' }
const SINGLE: Spec = { ipFamilies: SIX, ipFamilyPolicy: 'SingleStack' }
const UPDATED: readonly [name: string, spec: Spec | undefined, old: Spec | undefined, expected: Expected][] =
  [
    ['as it was', DUAL, DUAL, [BOTH, FOUR]],
    ['replaced by one that says nothing', {}, DUAL, [BOTH, FOUR]],
    [
      'replaced, both preferred in a cluster that had one then',
      {},
      { ...DUAL, ipFamilies: FOUR },
      [FOUR, FOUR],
    ],
    ['replaced by one without a spec', undefined, { ...DUAL, ipFamilies: FOUR }, [FOUR, FOUR]],
    ['replaced, both required', {}, { ...DUAL, ipFamilyPolicy: 'RequireDualStack' }, [BOTH, BOTH]],
    ['replaced by one that says the policy', { ipFamilyPolicy: 'SingleStack' }, SINGLE, [SIX, SIX]],
    ['widened', { ...SINGLE, ipFamilyPolicy: 'PreferDualStack' }, SINGLE, [TURNED, SIX]],
    ['widened strictly', { ...SINGLE, ipFamilyPolicy: 'RequireDualStack' }, SINGLE, [TURNED, TURNED]],
    ['narrowed', { ...DUAL, ipFamilyPolicy: 'SingleStack' }, DUAL, [FOUR, FOUR]],
    ['narrowed by the list as well', { ipFamilies: FOUR, ipFamilyPolicy: 'SingleStack' }, DUAL, [FOUR, FOUR]],
    [
      'narrowed by the list alone: both are still preferred',
      { ...DUAL, ipFamilies: FOUR },
      DUAL,
      [BOTH, FOUR],
    ],
    [
      'not widened by the way',
      { ipFamilies: FOUR, ipFamilyPolicy: 'PreferDualStack' },
      { ipFamilies: FOUR, ipFamilyPolicy: 'PreferDualStack' },
      [FOUR, FOUR],
    ],
    ['from a type without families', {}, { type: 'ExternalName' }, [FOUR, FOUR]],
    ['from one without a spec', {}, undefined, [FOUR, FOUR]],
  ]
for (const [name, spec, old, expected] of UPDATED)
  t.test(`updated: ${name}`, async t => {
    const families = wantedFamilies(service(spec), BOTH, { old: service(old) })
    t.strictSame(families && [families.all, families.required], expected)
  })
