import { NAME } from '../../kubernetes/names.ts'
import { type ApiServerParts, type Distribution, FILES, toCopySteps } from './contract.ts'

const DROP_IN = `${NAME}.yaml`
const TARGET = `/etc/rancher/rke2/config.yaml.d/${DROP_IN}`
const MANIFEST = '/var/lib/rancher/rke2/agent/pod-manifests/kube-apiserver.yaml'

/**
 * RKE2 has keys of its own for the policy and for the admission configuration, which it always passes to its API server.
 * It mounts the files that flags name, but not those that these name: the folder is mounted as a whole.
 */
const toConfig = ({ path, texts }: ApiServerParts) => ({
  'audit-policy-file': `${path}/${FILES.policy}`,
  ...(texts.has('admission') ? { 'pod-security-admission-config-file': `${path}/${FILES.admission}` } : {}),
  'kube-apiserver-arg+': [
    `audit-webhook-config-file=${path}/${FILES.audit}`,
    'audit-webhook-batch-max-wait=1s',
  ],
  'kube-apiserver-extra-mount+': [`${path}:${path}:ro`],
})

export const rke2: Distribution = {
  path: `/etc/rancher/rke2/${NAME}`,
  hasAdmissionConfiguration: '/etc/rancher/rke2/rke2-pss.yaml',
  toFiles: parts => ({
    copiesFolder: true,
    files: [{ name: DROP_IN, content: toConfig(parts) }],
    steps: [
      '1. On each server, one after the other, in this folder:',
      ...toCopySteps(NAME, parts.path).map(line => `   ${line}`),
      `   sudo install -D -m 0600 -o root -g root ${DROP_IN} ${TARGET}`,
      '   audit-policy-file also starts an audit log, as RKE2 does it: /var/lib/rancher/rke2/server/logs/audit.log.',
      '   With profile: cis the policy in use is /etc/rancher/rke2/audit-policy.yaml: name it with --merge-policy.',
      '2. sudo systemctl restart rke2-server',
      `3. Look: sudo grep audit-webhook-config-file ${MANIFEST}, and kubectl -n kube-system get pod -l component=kube-apiserver.`,
      `Undo: sudo rm -r ${TARGET} ${parts.path}, then sudo systemctl restart rke2-server.`,
    ],
  }),
}
