import type { KubeNode } from '../../kubernetes/types.ts'
import { DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET } from '../bmc/server.ts'
import type { Cost } from './costs.ts'
import { toTable } from './narrator.ts'
import { addressOf, INSTANCE_TYPE, isUninitialized, REGION, readyOf } from './node-state.ts'
import type { Stage } from './stage.ts'
import type { NodeView } from './watch.ts'

/** The nodes as they are now, one line each below a heading. */
export function describeNodes(nodes: readonly KubeNode[]): string[] {
  const heading = [
    'NODE',
    'READY',
    'INITIALISED',
    'TYPE',
    'REGION',
    'INTERNAL-IP',
    'EXTERNAL-IP',
    'PROVIDER-ID',
  ]
  const rows = nodes.map(node => [
    node.metadata.name,
    readyOf(node),
    isUninitialized(node) ? 'no' : 'yes',
    node.metadata.labels?.[INSTANCE_TYPE] ?? '-',
    node.metadata.labels?.[REGION] ?? '-',
    addressOf(node, 'InternalIP') || '-',
    addressOf(node, 'ExternalIP') || '-',
    node.spec?.providerID ?? '-',
  ])
  return toTable([heading, ...rows])
}

/** What clients saw and what it cost, in sentences. */
export function describeWhole(view: NodeView, cost: Cost, admitted: readonly string[]): string[] {
  const versions = view.sightings.filter(({ node }) => admitted.includes(node.metadata.name))
  const tainted = versions.filter(({ node }) => isUninitialized(node))
  return [
    `A client that watched all the time saw ${versions.length} versions of the ${admitted.length} nodes that the webhook reviewed; ` +
      `${tainted.length} of them were uninitialised.`,
    `The controller made ${cost.bmc} requests to the BMC API (tokens included), ${cost.reads} reads and ${cost.writes} writes in the cluster.`,
  ]
}

const toKubectl = ({ kubeconfig }: Stage): string => `kubectl --kubeconfig ${kubeconfig}`

export const toWatchCommand = (stage: Stage): string => `${toKubectl(stage)} get nodes -o wide -w`

/** What somebody at another terminal can do. */
export function describeSurroundings(stage: Stage, serverId: string | undefined): string[] {
  const { bmc } = stage
  const kubectl = toKubectl(stage)
  const curl = 'curl -s -H "Authorization: Bearer $TOKEN"'
  const servers = `${bmc.url}/bmc/v1/servers`
  const order = `{"hostname":"worker-5","os":"ubuntu/jammy","type":"s2.c1.medium","location":"ASH"}`
  return [
    'Look around from another terminal:',
    `  ${toWatchCommand(stage)}`,
    `  ${kubectl} describe node stranger`,
    `  ${kubectl} get events`,
    `  ${kubectl} label node worker-1 topology.kubernetes.io/region=elsewhere --overwrite    # put right at once`,
    '',
    'and play with the servers (each has a machine that boots, joins and goes silent with it):',
    `  TOKEN=$(curl -s -u ${DEFAULT_CLIENT_ID}:${DEFAULT_CLIENT_SECRET} -d grant_type=client_credentials ${bmc.tokenUrl} \\`,
    `    | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')`,
    `  ${curl} ${servers}`,
    ...(serverId ? [`  ${curl} -X POST ${servers}/${serverId}/actions/power-off`] : []),
    `  ${curl} -H 'Content-Type: application/json' -d '${order}' \\`,
    `    ${servers}`,
  ]
}
