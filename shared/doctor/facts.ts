import { getAnnouncer } from '../announcers/announcers.ts'
import type { Announcer } from '../announcers/contract.ts'
import type { Clock } from '../clock.ts'
import type { Cloud, CloudCall, Instance } from '../cloud-provider/contract.ts'
import type { Credentials, Diagnosis } from '../cloud-provider/diagnosis.ts'
import type { AddressSupply } from '../cloud-provider/load-balancer.ts'
import type { Config } from '../config.ts'
import { readBook } from '../controllers/address/book.ts'
import type { AddressBook } from '../controllers/address/contract.ts'
import { toExpectedBlocks } from '../controllers/address/source.ts'
import type { Inventory } from '../controllers/inventory/content.ts'
import { readInventory } from '../controllers/inventory/store.ts'
import { type LeaseState, readLease } from '../controllers/resync/lease.ts'
import { CcmError, hasCode } from '../errors.ts'
import type { Kube } from '../kubernetes/client.ts'
import { readClusterName } from '../kubernetes/cluster-name.ts'
import { listAll } from '../kubernetes/lists.ts'
import { NAME } from '../kubernetes/names.ts'
import { readSelf } from '../kubernetes/self.ts'
import { listServices } from '../kubernetes/services.ts'
import type { KubeNode, KubeService } from '../kubernetes/types.ts'
import type { WebhookConfiguration } from './webhook-configuration.ts'
import { listWorkloads, type Workload } from './workloads.ts'

/** A thing that may not have come about; then the reason is told to whoever asks for it. */
export type Part<T> = { readonly value: T } | { readonly error: unknown }

/** What the certificate of a server is like, as a client sees it. */
export interface TlsFacts {
  /** Why it is not trusted; undefined where it is. */
  readonly distrust: string | undefined
  /** Milliseconds since 1970. */
  readonly validTo: number
}

/** Connects and looks at the certificate only. @throws Error when nobody answers */
export type LookAtTls = (target: {
  readonly host: string
  readonly port: number
  readonly ca: string | undefined
  readonly signal: AbortSignal
}) => Promise<TlsFacts>

/** What the program was started with, and its effects. */
export interface DoctorParts {
  readonly clock: Clock
  readonly config: Part<Config>
  /** What is wrong with the settings, and what should be known of them. */
  readonly problems: readonly string[]
  readonly notices: readonly string[]
  readonly cloud: Part<Cloud>
  readonly kube: Part<Kube>
  /** As the kubeconfig holds them, to tell when they end: a token, a PEM certificate. */
  readonly kubeCredentials: { readonly token?: string | undefined; readonly certificate?: string | undefined }
  /** Whom the handlers act as. */
  readonly user: string
  readonly nodeVersion: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly lookAtTls: LookAtTls
  /** Ends every request. */
  readonly signal: AbortSignal
}

/** What checks read; each is read once, when the first one asks. @throws CcmError from each */
export interface Facts extends Omit<DoctorParts, 'config' | 'cloud' | 'kube'> {
  readonly call: CloudCall
  readonly config: () => Config
  readonly cloud: () => Cloud
  readonly kube: () => Kube
  readonly diagnosis: () => Diagnosis
  readonly announcer: () => Announcer | undefined
  readonly credentials: () => Promise<Credentials>
  readonly clusterName: () => Promise<string>
  /** Whom doctor itself acts as. */
  readonly self: () => Promise<string>
  readonly nodes: () => Promise<readonly KubeNode[]>
  readonly services: () => Promise<readonly KubeService[]>
  readonly instances: () => Promise<readonly Instance[]>
  readonly book: () => Promise<AddressBook>
  /** Undefined where load balancers are disabled. */
  readonly supply: () => Promise<AddressSupply | undefined>
  readonly lease: () => Promise<LeaseState>
  readonly inventory: () => Promise<Inventory | undefined>
  readonly workloads: () => Promise<readonly Workload[]>
  /** Undefined where there is none of our name. */
  readonly webhooks: () => Promise<WebhookConfiguration | undefined>
}

export function createFacts(parts: DoctorParts): Facts {
  const { config: configPart, cloud: cloudPart, kube: kubePart, ...others } = parts
  const { signal } = parts
  const call = { signal }
  const config = (): Config => take(configPart)
  const cloud = (): Cloud => take(cloudPart)
  const kube = (): Kube => take(kubePart)
  const clusterName = remember(() => readClusterName(kube(), signal))
  const book = remember(() => readBook(kube(), signal))
  function diagnosis(): Diagnosis {
    const found = cloud().diagnosis
    if (!found) throw new CcmError('CCM_INTERNAL', `${cloud().providerName} has no diagnosis`)
    return found
  }
  return {
    ...others,
    call,
    config,
    cloud,
    kube,
    diagnosis,
    clusterName,
    book,
    announcer: () => {
      const { loadBalancer } = config()
      return loadBalancer && getAnnouncer(loadBalancer.announcer, config())
    },
    credentials: remember(() => diagnosis().askForCredentials(call)),
    self: remember(() => readSelf(kube(), signal)),
    nodes: remember(() => listAll<KubeNode, KubeNode>(kube(), { path: NODES, keep: node => node, signal })),
    services: remember(() => listServices(kube(), isLoadBalancer, { signal })),
    instances: remember(async () => (await cloud().instancesV2?.listInstances(call)) ?? []),
    supply: remember(async () => {
      const expected = toExpectedBlocks(await book())
      return cloud().loadBalancer?.listAddresses(await clusterName(), { ...call, expected })
    }),
    lease: remember(() => readLease(kube(), signal)),
    inventory: remember(() => readInventory(kube(), signal)),
    workloads: remember(() => listWorkloads(kube(), signal)),
    webhooks: remember(() => readWebhookConfiguration(kube(), signal)),
  }
}

const NODES = '/api/v1/nodes'

/** Those that were one and still bear our finalizer are of interest as well. */
const isLoadBalancer = ({ spec, metadata }: KubeService): boolean =>
  spec?.type === 'LoadBalancer' || (metadata.finalizers?.length ?? 0) > 0

async function readWebhookConfiguration(
  kube: Kube,
  signal: AbortSignal,
): Promise<WebhookConfiguration | undefined> {
  const path = `/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/${NAME}`
  try {
    return (await kube.request<WebhookConfiguration>({ path, signal })).body
  } catch (error) {
    if (hasCode(error, 'KUBE_NOT_FOUND')) return undefined
    throw error
  }
}

function take<T>(part: Part<T>): T {
  if ('error' in part) throw part.error
  return part.value
}

function remember<T>(read: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => (made ??= read())
}
