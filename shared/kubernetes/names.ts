/** Names by which operators find what is ours in a cluster. Changing one orphans what bears it. */

export const NAMESPACE = 'kube-system'
/** Service account, role, binding, webhook configuration and inventory. */
export const NAME = 'cloud-provider-phoenixnap'
/** The user of our service account, whose own writes must not ring. */
export const SERVICE_ACCOUNT_USER = `system:serviceaccount:${NAMESPACE}:${NAME}`
export const RESYNC_LEASE = `${NAME}-resync`

/** Taint that a kubelet with an external cloud provider registers with; matched by its key alone. */
export const UNINITIALIZED_TAINT = 'node.cloudprovider.kubernetes.io/uninitialized'
export const SHUTDOWN_TAINT = 'node.cloudprovider.kubernetes.io/shutdown'
/** Addresses given by `--node-ip`, separated by a comma for dual stack. */
export const PROVIDED_NODE_IP = 'alpha.kubernetes.io/provided-node-ip'

/** On a node that we initialised: its labels are ours to repair. The value says by which way. */
export const INITIALIZED = 'phoenixnap.com/initialized'
/** On a node that is not ready: since when its server has been missing from complete lists. */
export const MISSING_SINCE = 'phoenixnap.com/missing-since'
