/** The kinds of cert-manager that the chart uses, with the fields it gives; the real definitions hold many more. */

const text = { type: 'string' } as const
const reference = {
  type: 'object',
  required: ['name'],
  properties: { group: text, kind: text, name: text },
} as const

const define = (plural: string, kind: string, spec: object): object => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${plural}.cert-manager.io` },
  spec: {
    group: 'cert-manager.io',
    scope: 'Namespaced',
    names: { plural, singular: kind.toLowerCase(), kind, listKind: `${kind}List` },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', properties: { spec } } },
      },
    ],
  },
})

export const CERT_MANAGER: readonly object[] = [
  define('issuers', 'Issuer', {
    type: 'object',
    properties: {
      selfSigned: { type: 'object' },
      ca: { type: 'object', required: ['secretName'], properties: { secretName: text } },
    },
  }),
  define('certificates', 'Certificate', {
    type: 'object',
    required: ['issuerRef', 'secretName'],
    properties: {
      secretName: text,
      commonName: text,
      dnsNames: { type: 'array', items: text },
      duration: text,
      renewBefore: text,
      isCA: { type: 'boolean' },
      // As cert-manager spells them.
      usages: {
        type: 'array',
        items: { type: 'string', enum: ['digital signature', 'key encipherment', 'server auth'] },
      },
      privateKey: {
        type: 'object',
        properties: {
          algorithm: { type: 'string', enum: ['RSA', 'ECDSA', 'Ed25519'] },
          size: { type: 'integer' },
          rotationPolicy: { type: 'string', enum: ['Never', 'Always'] },
        },
      },
      issuerRef: reference,
    },
  }),
]
