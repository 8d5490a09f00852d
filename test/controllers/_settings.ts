import type { ServiceSettings } from '../../shared/controllers/service/context.ts'
import type { NamespaceSet } from '../../shared/setting-parsers.ts'

const ALL: NamespaceSet = { names: [], prefixes: [''] }
/** As by default. */
export const SERVICE_SETTINGS: ServiceSettings = {
  classes: [],
  ipAllocation: 'packed',
  annotationIPLocation: 'phoenixnap.com/ip-location',
  location: undefined,
  minFreeAddresses: 0,
  reserved: [],
  releaseQuarantineMs: 600_000,
  typeChangeQuarantineMs: 86_400_000,
  blockGraceMs: 600_000,
  tenants: {
    addressRequests: ALL,
    retention: ALL,
    dedicated: ALL,
    maxAddresses: undefined,
    maxRetained: 5,
    maxDedicated: 2,
  },
}
