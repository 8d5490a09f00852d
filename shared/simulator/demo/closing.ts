import { MANAGED_BY, MANAGED_BY_LABEL } from '../../kubernetes/names.ts'
import type { KubeNode, KubeService } from '../../kubernetes/types.ts'
import { DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET } from '../bmc/server.ts'
import type { IpBlock } from '../bmc/types.ts'
import type { BlockNews } from './blocks.ts'
import type { Cost } from './costs.ts'
import { toTable } from './narrator.ts'
import { addressOf, INSTANCE_TYPE, isUninitialized, REGION, readyOf } from './node-state.ts'
import { externalOf, isLoadBalancer } from './service-state.ts'
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

/** What clients saw of the nodes, in a sentence. */
export function describeSightings({ sightings }: NodeView, admitted: readonly string[]): string {
  const versions = sightings.filter(({ object }) => admitted.includes(object.metadata.name))
  const tainted = versions.filter(({ object }) => isUninitialized(object))
  return (
    `A client that watched all the time saw ${versions.length} versions of the ${admitted.length} nodes that the webhook reviewed; ` +
    `${tainted.length} of them were uninitialised.`
  )
}

/** What everything so far cost, in a sentence. */
export const describeCost = (cost: Cost): string =>
  `The controller made ${cost.bmc} requests to the BMC API (tokens included), ${cost.reads} reads and ${cost.writes} writes in the cluster.`

/** The load balancers as they are now, one line each below a heading. */
export function describeServices(services: readonly KubeService[]): string[] {
  const rows = services
    .filter(isLoadBalancer)
    .map(service => [
      service.metadata.name,
      service.spec?.type ?? '-',
      service.spec?.clusterIP ?? '-',
      externalOf(service).join(',') || '<pending>',
    ])
  return toTable([['SERVICE', 'TYPE', 'CLUSTER-IP', 'EXTERNAL-IP'], ...rows])
}

/** What the addresses cost, in sentences. */
export function describePurchases(
  services: readonly KubeService[],
  news: readonly BlockNews[],
  kept: readonly IpBlock[],
  changes: number,
): string[] {
  const served = services.filter(service => externalOf(service).length > 0).length
  const bought = new Map(news.map(({ number, cidr }) => [number, countAddresses(cidr)]))
  const paid = kept.reduce((sum, { cidr }) => sum + countAddresses(cidr), 0)
  const perService = served === 0 ? '-' : (paid / served).toFixed(2)
  return [
    `${bought.size} blocks with ${[...bought.values()].join(' and ')} addresses were bought, ${bought.size - kept.length} of them was given back.`,
    `BMC was asked for a change ${changes} times in all that: to buy, tag, assign, unassign and delete.`,
    `${served} Services share the ${paid} addresses that are left: ${perService} bought per Service (with a block for each it is at least 8).`,
  ]
}

/** Of an IPv4 range. */
const countAddresses = (cidr: string): number => 2 ** (32 - Number(cidr.split('/')[1]))

const toKubectl = ({ kubeconfig }: Stage): string => `kubectl --kubeconfig ${kubeconfig}`

export const toWatchCommands = (stage: Stage): string[] =>
  ['get nodes -o wide -w', 'get services -w'].map(command => `${toKubectl(stage)} ${command}`)

/** Whose each address is, and in which state; a ConfigMap is that of a whole block. */
const ADDRESS_COLUMNS = [
  'ADDRESS:.metadata.name',
  'OF:.spec.parentRef.resource',
  'NAME:.spec.parentRef.name',
  'STATE:.metadata.annotations.phoenixnap\\.com/state',
].join()

/** What somebody at another terminal can do. */
export function describeSurroundings(stage: Stage, serverId: string | undefined): string[] {
  const { bmc } = stage
  const kubectl = toKubectl(stage)
  const curl = 'curl -s -H "Authorization: Bearer $TOKEN"'
  const servers = `${bmc.url}/bmc/v1/servers`
  const order = `{"hostname":"worker-5","os":"ubuntu/jammy","type":"s2.c1.medium","location":"ASH"}`
  return [
    'Look around from another terminal:',
    ...toWatchCommands(stage).map(command => `  ${command}`),
    `  ${kubectl} describe node stranger`,
    `  ${kubectl} get events`,
    `  ${kubectl} label node worker-1 topology.kubernetes.io/region=elsewhere --overwrite    # put right at once`,
    '',
    'create Services (the block is full: the first one has another block bought, the next one has its address at once):',
    `  ${kubectl} create service loadbalancer mine --tcp=80`,
    `  ${kubectl} create service loadbalancer yours --tcp=80`,
    `  ${kubectl} describe service mine`,
    `  ${kubectl} get ipaddresses -l ${MANAGED_BY_LABEL}=${MANAGED_BY} -o custom-columns='${ADDRESS_COLUMNS}'`,
    `  ${kubectl} delete service mine yours    # rested addresses are freed, and the block is given back`,
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
