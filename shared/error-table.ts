import { BMC_ERRORS, type ErrorEntry } from './bmc-errors.ts'

export type { ErrorEntry }

/** Every error that can reach a person. A code is never renamed and never used again for something else. */
export const ERRORS = {
  ...BMC_ERRORS,
  CCM_CONFIG_INVALID: { retry: false, action: 'Correct the settings that the message names.' },
  SECRET_UNREACHABLE: {
    retry: true,
    action: 'Check the way to AWS Secrets Manager or SSM (from a VPC: an endpoint or NAT) and their status.',
  },
  SECRET_FORBIDDEN: {
    retry: false,
    action:
      'Allow GetSecretValue or GetParameter on the ARN (and kms:Decrypt on a key of its own); functions get this by deploying again.',
  },
  SECRET_NOT_FOUND: { retry: false, action: 'Create the secret, or correct its ARN and deploy again.' },
  TELEMETRY_UNUSABLE: {
    retry: false,
    action: 'Correct the variables that the message names, or set OTEL_TRACES_EXPORTER to none.',
  },
  TELEMETRY_FAILED: {
    retry: true,
    action: 'Check that the collector answers at OTEL_EXPORTER_OTLP_ENDPOINT; nothing else depends on it.',
  },
  CCM_USAGE: { retry: false, action: 'See cloud-provider-phoenixnap --help.' },
  CCM_INTERNAL: {
    retry: true,
    status: 500,
    action: 'Report this with the log lines around it; the next run tries again.',
  },
  CCM_INTERRUPTED: {
    retry: true,
    action: 'Run it again: what was done stays, and the rest follows.',
  },
  CCM_OUTPUT_UNWRITABLE: {
    retry: false,
    action:
      'Give standard output a file with room, or a program that reads it. What the command changed stays changed.',
  },
  CCM_PROVIDER_UNKNOWN: { retry: false, action: 'Name a registered cloud provider (phoenixnap).' },
  CCM_PROVIDER_ID_INVALID: {
    retry: false,
    action: 'Compare spec.providerID of the node with phoenixnap://<server id>.',
  },
  CCM_INSTANCE_NOT_FOUND: {
    retry: true,
    action: 'Check that a BMC server of this account has the hostname of the node (compared without case).',
  },
  CCM_INSTANCE_AMBIGUOUS: {
    retry: false,
    action:
      'Several BMC servers have the hostname of the node: rename one, or start the kubelet with --node-ip or --provider-id.',
  },
  CCM_PROVIDER_ID_TAKEN: {
    retry: true,
    action: 'Two nodes claim one BMC server: delete the one that is wrong, or rename it.',
  },
  CCM_NODE_IP_MISMATCH: {
    retry: false,
    action: 'Start the kubelet with a --node-ip that the BMC server has, or without one.',
  },
  CCM_ACCOUNT_CHANGED: {
    retry: false,
    action:
      'Give the credentials of the account that the servers are in. If every server was replaced as well, delete the nodes that are gone and the ConfigMap kube-system/cloud-provider-phoenixnap.',
  },
  CCM_ANNOUNCER_MISSING: {
    retry: true,
    action:
      'Install the announcer that PNAP_LOAD_BALANCER names, with its CustomResourceDefinitions and in the namespace that the message names, or name another one.',
  },
  CCM_POOL_FOREIGN: {
    retry: true,
    action:
      'Delete or rename the object that the message names, or give it the label app.kubernetes.io/managed-by=cloud-provider-phoenixnap to hand it over.',
  },
  CCM_INVENTORY_INVALID: {
    retry: true,
    action: 'Delete the inventory ConfigMaps; the next resync writes them anew.',
  },
  CCM_BLOCK_LIMIT: {
    retry: true,
    action:
      'Delete Services that are not needed, raise PNAP_MAX_BLOCKS, or use another public network: one takes 10 IPv4 blocks and 1 IPv6 block.',
  },
  CCM_QUOTA_SHORT: {
    retry: true,
    action:
      'Ask for a higher limit of the quota bmc.public_ips.max_count in the BMC portal, or give back public addresses.',
  },
  CCM_PUBLIC_NETWORK_UNKNOWN: {
    retry: false,
    action:
      'Compare the public network in PNAP_LOAD_BALANCER with the BMC portal, and check that the credentials belong to its account.',
  },
  CCM_PUBLIC_NETWORK_FAILED: {
    retry: true,
    action:
      'Look at the public network in the BMC portal and ask phoenixNAP for help; work goes on by itself once it is READY.',
  },
  CCM_BLOCK_FAILED: {
    retry: true,
    action:
      'Look at the IP block that the message names in the BMC portal and ask phoenixNAP for help; work goes on by itself afterwards.',
  },
  CCM_ADDRESS_MALFORMED: {
    retry: false,
    action: 'Correct the requested address on the Service: one address of each of its IP families, or none.',
  },
  CCM_ADDRESS_OUTSIDE: {
    retry: false,
    action: 'Request an address of one of the IP blocks of this cluster, or none.',
  },
  CCM_ADDRESS_REPLACED: {
    retry: false,
    action:
      'The Service has a new address, because the one it had is not available in this cluster: point DNS entries to it.',
  },
  CCM_ADDRESS_REQUEST_DENIED: {
    retry: false,
    action:
      'Ask for no certain address, or have the operator add the namespace to PNAP_ADDRESS_REQUEST_NAMESPACES.',
  },
  CCM_ADDRESS_RESERVED: {
    retry: false,
    action: 'Request another address, or take it out of PNAP_RESERVED_ADDRESSES if it stands there.',
  },
  CCM_ADDRESS_TAKEN: {
    retry: true,
    action:
      'Request another address, or free it: kubectl get ipaddress <address> names the Service that has it.',
  },
  CCM_ADDRESS_WITHDRAWN: {
    retry: true,
    action:
      'Look at the IP block that the message names in the BMC portal; it is repaired, or the Service gets a new address where it has gone.',
  },
  CCM_ANNOTATION_INVALID: {
    retry: false,
    action: 'Give the annotation of the Service one of the values that the message names.',
  },
  CCM_FAMILY_UNAVAILABLE: {
    retry: false,
    action: 'Request an address of an IP family of the Service, or add the family to spec.ipFamilies.',
  },
  CCM_DEDICATED_DENIED: {
    retry: false,
    action:
      'Take phoenixnap.com/ip-allocation off the Service, or have the operator add its namespace to PNAP_DEDICATED_NAMESPACES.',
  },
  CCM_NAMESPACE_LIMIT: {
    retry: true,
    action:
      'Delete Services of this namespace that are not needed; the operator frees addresses that are retained (kubectl delete ipaddress), or raises PNAP_NAMESPACE_MAX_ADDRESSES, _MAX_RETAINED or _MAX_DEDICATED.',
  },
  CCM_RETAIN_DENIED: {
    retry: false,
    action:
      'Take phoenixnap.com/retain-ip off the Service, or have the operator add its namespace to PNAP_RETAIN_NAMESPACES.',
  },
  CCM_LOCATION_CONFLICT: {
    retry: false,
    action:
      'Set PNAP_LOCATION and the location annotation to the location of the public network, or leave them unset.',
  },
  CCM_CLUSTER_ALIVE: {
    retry: false,
    action:
      'Delete the Services of type LoadBalancer of that cluster: the next resync gives their IP blocks back. For another cluster that has gone, name another kubeconfig, or none (KUBECONFIG=).',
  },
  CCM_HOST_AT_WORK: {
    retry: false,
    action:
      "End every host of the controller: one has rights of its own in the cluster (an administrator's kubeconfig) and puts back what unregister takes away. Then run unregister again.",
  },
  CCM_REGISTRATION_FORBIDDEN: {
    retry: true,
    action:
      'Apply infra/rbac-self.yaml for the account that serve runs as (get, create and patch of the MutatingWebhookConfiguration cloud-provider-phoenixnap), or run register yourself and unset PNAP_WEBHOOK_SERVICE and PNAP_WEBHOOK_URL.',
  },
  CCM_SERVING_SECRET_FORBIDDEN: {
    retry: true,
    action:
      'Apply infra/rbac-self.yaml for the account that serve runs as (get and update of the Secret that PNAP_SERVING_SECRET names, create of Secrets in its namespace), or give serve a token and a certificate and unset PNAP_SERVING_SECRET.',
  },
  CCM_SERVING_SECRET_IMMUTABLE: {
    retry: true,
    action:
      'Delete the Secret that PNAP_SERVING_SECRET names: serve makes a new one within 30 seconds, and registers it. An immutable Secret can be neither repaired nor renewed.',
  },
  CCM_INTENT_INVALID: {
    retry: false,
    action:
      'Compare the purchase in the Lease kube-system/cloud-provider-phoenixnap-ip-blocks with the IP blocks of the account, then remove its annotation phoenixnap.com/purchase; no block is bought or given back until then.',
  },
  CCM_DEADLINE: {
    retry: true,
    action: 'The work did not fit into the time given; the next run goes on with it.',
  },
  KUBE_UNREACHABLE: {
    retry: true,
    action: 'Check the address of the API server in the kubeconfig and the network to it.',
  },
  KUBE_CREDENTIALS_INVALID: {
    retry: false,
    action: 'Check the kubeconfig, the service account token and its expiry.',
  },
  KUBE_CONFIG_INVALID: {
    retry: false,
    action: 'Correct KUBECONFIG, or KUBE_API_SERVER, KUBE_CA_DATA and KUBE_TOKEN.',
  },
  KUBE_FORBIDDEN: {
    retry: false,
    action: 'Apply the shipped role again: cloud-provider-phoenixnap register.',
  },
  KUBE_NOT_FOUND: { retry: false, action: 'The object has gone; nothing is to be done.' },
  KUBE_CONFLICT: {
    retry: true,
    action: 'The object was changed at the same moment; the next run reads it again.',
  },
  KUBE_ALREADY_EXISTS: { retry: false, action: 'The object exists already; nothing is to be done.' },
  KUBE_INVALID: { retry: false, action: 'Report this with the message: the API server refused an object.' },
  KUBE_GONE: { retry: true, action: 'The list changed while it was read; it is read again.' },
  KUBE_RATE_LIMITED: { retry: true, action: 'The API server asked to slow down; work goes on by itself.' },
  KUBE_SERVER_ERROR: { retry: true, action: 'The API server failed; work goes on by itself afterwards.' },
  KUBE_TIMEOUT: { retry: true, action: 'Check latency and the load of the API server.' },
  WEBHOOK_UNAUTHENTICATED: {
    retry: false,
    status: 401,
    action: 'Send the webhook token (PNAP_WEBHOOK_TOKEN) as a bearer token, or register the webhook again.',
  },
  WEBHOOK_NOT_FOUND: {
    retry: false,
    status: 404,
    action: 'Call POST /admission or POST /audit; register the webhook again if its URL changed.',
  },
  WEBHOOK_METHOD_NOT_ALLOWED: { retry: false, status: 405, action: 'Webhooks are called with POST.' },
  WEBHOOK_BODY_TOO_LARGE: {
    retry: false,
    status: 413,
    action: 'Send smaller batches (--audit-webhook-batch-max-size).',
  },
  WEBHOOK_BODY_INVALID: {
    retry: false,
    status: 400,
    action: 'Only the API server calls this URL: the body is no JSON of the documented shape.',
  },
  WEBHOOK_VERSION_UNSUPPORTED: {
    retry: false,
    status: 400,
    action: 'Register the webhook with admissionReviewVersions [v1], and send audit.k8s.io/v1 events.',
  },
  STATUS_UNAUTHENTICATED: {
    retry: false,
    status: 401,
    action: 'Sign in with any user name and PNAP_STATUS_TOKEN as the password, or send it as a bearer token.',
  },
  STATUS_READ_ONLY: { retry: false, status: 405, action: 'The status page is read with GET.' },
  STATUS_BUSY: { retry: true, status: 503, action: 'Look again in a moment.' },
  WEBHOOK_OVERLOADED: {
    retry: true,
    status: 429,
    action:
      'The API server delivers the batch again; if it lasts, give serve more CPU or replicas, or raise PNAP_MAX_AUDIT_BATCHES.',
  },
  INVOKE_FAILED: {
    retry: true,
    status: 500,
    action:
      'The reconcile function could not be invoked: check its name and the IAM role; resync does the work meanwhile.',
  },
} as const satisfies Record<string, ErrorEntry>
