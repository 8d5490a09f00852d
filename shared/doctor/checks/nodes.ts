import type { Instance } from '../../cloud-provider/contract.ts'
import { UNINITIALIZED_TAINT } from '../../kubernetes/names.ts'
import type { KubeNode } from '../../kubernetes/types.ts'
import { type Check, fail, ok, toCount, toNames, warn } from '../contract.ts'
import type { Facts } from '../facts.ts'

export const NODE_CHECKS: readonly Check[] = [
  {
    code: 'nodes-have-servers',
    doc: 'The provider ID of every node of ours is that of a server.',
    action:
      'Check that the credentials belong to the account of the servers. A node whose server has gone is deleted by the passes once it is not Ready.',
    async run(facts) {
      const ids = new Set((await facts.instances()).map(({ id }) => id))
      const owned = await listOwned(facts)
      const lost = owned.filter(({ id }) => !ids.has(id))
      if (lost.length === 0) return ok(`${toCount(owned.length, 'node')} of ours, each with its server`)
      return fail(`no server: ${toNames(lost.map(({ node, id }) => `${node.metadata.name} (${id})`))}`)
    },
  },
  {
    code: 'provider-ids-unique',
    doc: 'No two nodes have one provider ID.',
    action: 'Delete the node that is wrong, then start its kubelet again.',
    async run(facts) {
      const byId = Map.groupBy(await listOwned(facts), ({ id }) => id)
      const shared = [...byId].filter(([, nodes]) => nodes.length > 1)
      if (shared.length === 0) return ok('every provider ID is that of one node')
      return fail(
        toNames(
          shared.map(([id, nodes]) => `${id}: ${nodes.map(({ node }) => node.metadata.name).join(' and ')}`),
        ),
      )
    },
  },
  {
    code: 'nodes-initialised',
    doc: 'No node still has the taint node.cloudprovider.kubernetes.io/uninitialized.',
    action:
      'Give the server the hostname of the node (compared without case), or look at the events of the node: kubectl describe node.',
    async run(facts) {
      const waiting = (await facts.nodes()).filter(isTainted)
      if (waiting.length === 0) return ok('no node waits')
      const instances = await facts.instances()
      return fail(
        `waiting: ${toNames(
          waiting.map(node => `${node.metadata.name} (${toWhy(node, instances)})`),
          '; ',
        )}`,
      )
    },
  },
  {
    code: 'kubelets-external',
    doc: 'Every kubelet runs with --cloud-provider=external: its node has a provider ID, or the taint.',
    action:
      'Start the kubelet with --cloud-provider=external, delete the node and start the kubelet again: a node that joined without it is never initialised.',
    async run(facts) {
      const nodes = await facts.nodes()
      const owner = facts.cloud().providerIDOwner
      const without = nodes.filter(node => owner(node.spec?.providerID).owner === 'none' && !isTainted(node))
      const others = nodes.filter(node => owner(node.spec?.providerID).owner === 'other')
      if (without.length > 0) return fail(`neither provider ID nor taint: ${toNames(without.map(toName))}`)
      const foreign =
        others.length > 0 ? `; left alone as another provider's: ${toNames(others.map(toName))}` : ''
      return ok(`${toCount(nodes.length, 'node')} with provider ID or taint${foreign}`)
    },
  },
  {
    code: 'hostnames-unique',
    doc: 'No two servers have one hostname (compared without case).',
    action: 'Rename one of the servers, or start the kubelets with --node-ip.',
    async run({ instances }) {
      const there = (await instances()).filter(({ terminating }) => !terminating)
      const shared = [...Map.groupBy(there, ({ hostname }) => hostname.toLowerCase())].filter(
        ([, servers]) => servers.length > 1,
      )
      if (shared.length === 0) return ok('every hostname is that of one server')
      return warn(
        toNames(
          shared.map(([name, servers]) => `${name}: ${servers.map(({ id }) => id).join(', ')}`),
          '; ',
        ),
      )
    },
  },
]

interface Owned {
  readonly node: KubeNode
  readonly id: string
}

async function listOwned(facts: Facts): Promise<readonly Owned[]> {
  const { providerIDOwner } = facts.cloud()
  return (await facts.nodes()).flatMap(node => {
    const owner = providerIDOwner(node.spec?.providerID)
    return owner.owner === 'ours' ? [{ node, id: owner.id }] : []
  })
}

const toName = ({ metadata }: KubeNode): string => metadata.name

export const isTainted = ({ spec }: KubeNode): boolean =>
  spec?.taints?.some(({ key }) => key === UNINITIALIZED_TAINT) ?? false

function toWhy({ metadata }: KubeNode, instances: readonly Instance[]): string {
  const name = metadata.name.toLowerCase()
  const same = instances.filter(
    ({ hostname, terminating }) => hostname.toLowerCase() === name && !terminating,
  )
  if (same.length === 0) return 'no server has this hostname'
  return same.length === 1
    ? 'its server is there: the next pass initialises it'
    : `${same.length} servers have this hostname`
}
