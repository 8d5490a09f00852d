import type { ProviderIDOwner } from '../cloud-provider/contract.ts'

export const PROVIDER_NAME = 'phoenixnap'
/** Never changed: a node whose provider ID no longer parses is abandoned. */
const PREFIX = `${PROVIDER_NAME}://`
/** Bare ids come from the Go program, bmc://servers/ from Cluster API. Every other scheme is somebody else's. */
const KNOWN_FORMS = /^(?:phoenixnap:\/\/|bmc:\/\/servers\/)?([^/:\s]+)$/

/** Provider ID that is written for a server. */
export const fromServerId = (serverId: string): string => PREFIX + serverId

/** Who owns a Node.spec.providerID; for ours, the {serverId} of GET /bmc/v1/servers/{serverId}. */
export function toOwner(providerID: string | undefined): ProviderIDOwner {
  if (providerID === undefined || providerID === '') return { owner: 'none' }
  const id = KNOWN_FORMS.exec(providerID)?.[1]
  return id === undefined ? { owner: 'other' } : { owner: 'ours', id }
}
