import type { ProviderIDOwner } from '../cloud-provider/contract.ts'

export const PROVIDER_NAME = 'phoenixnap'
/**
 * What provider IDs begin with that are written, by the value of the setting. Never changed: a node whose provider ID no
 * longer parses is abandoned. The second is what phoenixNAP's provider for Cluster API gives its Machines.
 */
const PREFIXES = { phoenixnap: `${PROVIDER_NAME}://`, 'cluster-api': 'bmc://servers/' } as const
export type ProviderIDFormat = keyof typeof PREFIXES
/** Bare ids come from the Go program, bmc://servers/ from Cluster API. Every other scheme is somebody else's. */
const KNOWN_FORMS = /^(?:phoenixnap:\/\/|bmc:\/\/servers\/)?([^/:\s]+)$/

/** Provider ID that is written for a server. */
export const fromServerId = (serverId: string, format: ProviderIDFormat = 'phoenixnap'): string =>
  PREFIXES[format] + serverId

/** Who owns a Node.spec.providerID; for ours, the {serverId} of GET /bmc/v1/servers/{serverId}. */
export function toOwner(providerID: string | undefined): ProviderIDOwner {
  if (providerID === undefined || providerID === '') return { owner: 'none' }
  const id = KNOWN_FORMS.exec(providerID)?.[1]
  return id === undefined ? { owner: 'other' } : { owner: 'ours', id }
}
