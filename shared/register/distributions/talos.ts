import { NAME } from '../../kubernetes/names.ts'
import { type ApiServerParts, type Distribution, FILES } from './contract.ts'

const PATCH = 'machine-config.yaml'

/**
 * A patch of the machine configuration. Talos puts the policy and the plugins into files and flags of its own
 * (`audit-policy-file`, `admission-control-config-file`): plugins are merged by name, so that its PodSecurity stays, and
 * the policy is replaced as a whole. Files can be made below /var only, and its API server runs as uid 65534.
 */
function toMachineConfig({ path, texts, policy, webhookAdmission }: ApiServerParts) {
  const files = [...texts]
    .filter(([name]) => name !== 'policy' && name !== 'admission')
    .map(([name, content]) => ({ path: `${path}/${FILES[name]}`, permissions: 0o444, op: 'create', content }))
  return {
    machine: { files },
    cluster: {
      apiServer: {
        extraArgs: {
          'audit-webhook-config-file': `${path}/${FILES.audit}`,
          'audit-webhook-batch-max-wait': '1s',
        },
        extraVolumes: [{ hostPath: path, mountPath: path, readonly: true }],
        auditPolicy: policy,
        ...(webhookAdmission && {
          admissionControl: [{ name: 'MutatingAdmissionWebhook', configuration: webhookAdmission }],
        }),
      },
    },
  }
}

export const talos: Distribution = {
  path: `/var/lib/${NAME}`,
  mergesAdmissionItself: 'Talos merges plugins by their names itself',
  toFiles: parts => ({
    copiesFolder: false,
    files: [{ name: PATCH, content: toMachineConfig(parts) }],
    steps: [
      `1. For each control plane node, one after the other (new files mean a reboot):`,
      `   talosctl -n NODE patch machineconfig --patch @${PATCH}`,
      '   The patch holds the webhook token: keep it as you keep the machine configuration.',
      '   Its audit policy takes the place of the one in use (by default Metadata of everything, into',
      '   /var/log/audit/kube/kube-apiserver.log). To keep that one: --merge-policy FILE --accept-wider-audit.',
      '   A machine configuration that describes its API server by documents (KubeAPIServerConfig, since 1.14) refuses the',
      '   fields below cluster.apiServer, and has none for volumes: there the webhook works without audit.',
      '2. Look: talosctl -n NODE service kubelet; kubectl -n kube-system get pod -l k8s-app=kube-apiserver (Running, a new age).',
      `Undo: talosctl -n NODE edit machineconfig, take out what ${PATCH} holds; the files below ${parts.path} go with the next reset.`,
    ],
  }),
}
