import { liesIn } from '../../shared/ip-address.ts'
import type { Kube } from '../../shared/kubernetes/client.ts'
import type { KubeService } from '../../shared/kubernetes/types.ts'
import type { IpBlock } from '../../shared/simulator/bmc/types.ts'
import { tagOf } from '../support/services.ts'
import type { LoadBalancers } from './_load-balancers.ts'
import { upstreamAddress } from './_upstream.ts'

/** What the Go program would do with a Service, by what it looks at. */
export type GoVerdict =
  /** It is there: its status gets this address. */
  | { readonly does: 'keep'; readonly address: string }
  /** A block is there, and no field: the third address of the block is written into it. */
  | { readonly does: 'take'; readonly address: string }
  | { readonly does: 'buy' }
  | { readonly does: 'fail'; readonly why: string }

/** Blocks by the tags with which it asks for them: all of those, and none with the mark. */
function findBlocks({ backend, uid }: LoadBalancers, { metadata }: KubeService): readonly IpBlock[] {
  const wanted = {
    cluster: uid,
    usage: 'cloud-provider-phoenixnap-auto',
    serviceName: metadata.name,
    serviceNamespace: metadata.namespace ?? '',
  }
  return backend
    .ipBlocks()
    .filter(block => Object.entries(wanted).every(([name, value]) => tagOf(block, name) === value))
    .filter(block => tagOf(block, 'delete') === undefined)
}

/** Its look-up of a Service, then what follows where nothing was found; in the order in which it asks. */
export function askGoProgram(lb: LoadBalancers, service: KubeService): GoVerdict {
  const { loadBalancerIP = '' } = service.spec ?? {}
  const blocks = findBlocks(lb, service)
  const [block] = blocks
  if (blocks.length > 1) return { does: 'fail', why: 'more than one block' }
  if (!block) return { does: 'buy' }
  if (loadBalancerIP !== '' && !liesIn(loadBalancerIP, block.cidr))
    return { does: 'fail', why: 'not in the block' }
  const isOnNetwork =
    ['public network', 'PUBLIC_NETWORK'].includes(block.assignedResourceType ?? '') &&
    block.assignedResourceId === lb.networkId
  if (!isOnNetwork) return { does: 'fail', why: 'not on the network' }
  return loadBalancerIP === ''
    ? { does: 'take', address: upstreamAddress(block) }
    : { does: 'keep', address: loadBalancerIP }
}

/** Its Secret as its template has it, with a comma too many. */
export async function leaveSecret(
  admin: Kube,
  fields: Readonly<Record<string, string>>,
): Promise<() => Promise<void>> {
  const lines = Object.entries(fields).map(
    ([name, value]) => `  ${JSON.stringify(name)}: ${JSON.stringify(value)},`,
  )
  const path = '/api/v1/namespaces/kube-system/secrets'
  const name = 'pnap-cloud-config'
  const data = { 'cloud-sa.json': Buffer.from(`{\n${lines.join('\n')}\n}\n`).toString('base64') }
  await admin.request({
    method: 'POST',
    path,
    body: { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: 'kube-system' }, data },
  })
  return async () => {
    await admin.request({ method: 'DELETE', path: `${path}/${name}` })
  }
}
