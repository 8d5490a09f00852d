/** A CustomResourceDefinition in short. */
interface Resource {
  readonly group: string
  /** The first one is stored, all are served. */
  readonly versions: readonly string[]
  readonly plural: string
  readonly kind: string
  readonly scope: 'Cluster' | 'Namespaced'
  /** OpenAPI schema; without it everything is kept. */
  readonly spec?: object
}

const KEEP_ALL = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } as const
const TEXT = { type: 'string' } as const
const ON = { type: 'boolean', default: true } as const
const OFF = { type: 'boolean', default: false } as const

const toList = (items: object) => ({ type: 'array', items })
const toObject = (properties: object, required: readonly string[] = []) => ({
  type: 'object',
  properties,
  required,
})

function toDefinition({ group, versions, plural, kind, scope, spec = KEEP_ALL }: Resource): object {
  const openAPIV3Schema = { type: 'object', properties: { spec, status: KEEP_ALL } }
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      names: { kind, listKind: `${kind}List`, plural, singular: kind.toLowerCase() },
      scope,
      versions: versions.map((name, index) => ({
        name,
        served: true,
        storage: index === 0,
        schema: { openAPIV3Schema },
        subresources: { status: {} },
      })),
    },
  }
}

const toMetalLB = (plural: string, kind: string, versions = ['v1beta1'], spec?: object): object =>
  toDefinition({
    group: 'metallb.io',
    versions,
    plural,
    kind,
    scope: 'Namespaced',
    ...(spec ? { spec } : {}),
  })

/** What MetalLB's controller watches, as documented; of the pools with the defaults. */
export const SHORT_METALLB_DEFINITIONS: readonly object[] = [
  toMetalLB(
    'ipaddresspools',
    'IPAddressPool',
    ['v1beta1'],
    toObject({ addresses: toList(TEXT), autoAssign: ON, avoidBuggyIPs: OFF, serviceAllocation: KEEP_ALL }, [
      'addresses',
    ]),
  ),
  toMetalLB('l2advertisements', 'L2Advertisement'),
  toMetalLB('bgpadvertisements', 'BGPAdvertisement'),
  toMetalLB('bgppeers', 'BGPPeer', ['v1beta2', 'v1beta1']),
  toMetalLB('bfdprofiles', 'BFDProfile'),
  toMetalLB('communities', 'Community'),
  toMetalLB('servicel2statuses', 'ServiceL2Status'),
  toMetalLB('servicebgpstatuses', 'ServiceBGPStatus'),
]

/** Cilium's pools. @param versions `v2` and `v2alpha1`, or the latter alone as an older Cilium has it */
export const toCiliumDefinition = (...versions: readonly string[]): object =>
  toDefinition({
    group: 'cilium.io',
    versions,
    plural: 'ciliumloadbalancerippools',
    kind: 'CiliumLoadBalancerIPPool',
    scope: 'Cluster',
    spec: toObject({
      blocks: toList(toObject({ cidr: { type: 'string', format: 'cidr' }, start: TEXT, stop: TEXT })),
      allowFirstLastIPs: { type: 'string', enum: ['Yes', 'No'] },
      disabled: OFF,
      serviceSelector: toObject({
        matchExpressions: toList(KEEP_ALL),
        matchLabels: { type: 'object', additionalProperties: { type: 'string', maxLength: 63 } },
      }),
    }),
  })

const RANGE = toObject(
  {
    pool: TEXT,
    subnet: TEXT,
    aggregation: { type: 'string', pattern: '^(default|/([89]|[1-9][0-9]|1[01][0-9]|12[0-8]))$' },
  },
  ['pool', 'subnet'],
)
const RANGES = toObject({ v4pools: toList(RANGE), v6pools: toList(RANGE), multiPool: OFF, balancePools: OFF })

/** PureLB's groups. */
export const PURELB_DEFINITION: object = toDefinition({
  group: 'purelb.io',
  versions: ['v2'],
  plural: 'servicegroups',
  kind: 'ServiceGroup',
  scope: 'Namespaced',
  spec: toObject({ local: RANGES, remote: RANGES, enforceNamespaces: OFF, namespaceDefault: OFF }),
})
