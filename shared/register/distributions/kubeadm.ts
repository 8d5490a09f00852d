import { NAME } from '../../kubernetes/names.ts'
import { type ApiServerParts, type Distribution, toCopySteps, toFlagPairs } from './contract.ts'

const MANIFEST = '/etc/kubernetes/manifests/kube-apiserver.yaml'
const CLUSTER = 'cluster-configuration.yaml'
const PATCH = 'kube-apiserver.patch.yaml'

/** https://kubernetes.io/docs/reference/config-api/kubeadm-config.v1beta4/: lists of name and value, since 1.31. */
const toClusterConfiguration = (parts: ApiServerParts) => ({
  apiVersion: 'kubeadm.k8s.io/v1beta4',
  kind: 'ClusterConfiguration',
  apiServer: {
    extraArgs: toFlagPairs(parts).map(([name, value]) => ({ name, value })),
    extraVolumes: [
      { name: NAME, hostPath: parts.path, mountPath: parts.path, readOnly: true, pathType: 'Directory' },
    ],
  },
})

/** The same for a manifest that is there (RFC 6902). The last one of a flag that is given twice counts. */
const toManifestPatch = (parts: ApiServerParts) => [
  ...toFlagPairs(parts).map(([name, value]) => ({
    op: 'add',
    path: '/spec/containers/0/command/-',
    value: `--${name}=${value}`,
  })),
  {
    op: 'add',
    path: '/spec/containers/0/volumeMounts/-',
    value: { name: NAME, mountPath: parts.path, readOnly: true },
  },
  {
    op: 'add',
    path: '/spec/volumes/-',
    value: { name: NAME, hostPath: { path: parts.path, type: 'Directory' } },
  },
]

export const kubeadm: Distribution = {
  path: `/etc/kubernetes/${NAME}`,
  toFiles: parts => ({
    copiesFolder: true,
    files: [
      { name: CLUSTER, content: toClusterConfiguration(parts) },
      { name: PATCH, content: toManifestPatch(parts) },
    ],
    steps: [
      '1. On each control plane machine, one after the other, in this folder:',
      ...toCopySteps(NAME, parts.path).map(line => `   ${line}`),
      '2. A cluster to be made: put the fields of cluster-configuration.yaml into the file of `kubeadm init --config`.',
      '   A cluster that runs: put them into its ClusterConfiguration, so that upgrades and new machines keep them,',
      '   kubectl -n kube-system edit configmap kubeadm-config',
      '   and change the manifest of each machine; the kubelet restarts the API server when it is replaced:',
      `   sudo grep -q ${NAME} ${MANIFEST} || sudo kubectl patch --local -f ${MANIFEST} --type json --patch-file ${PATCH} -o yaml > kube-apiserver.yaml`,
      `   test -s kube-apiserver.yaml && sudo cp ${MANIFEST} /etc/kubernetes/kube-apiserver.before.yaml && sudo mv kube-apiserver.yaml ${MANIFEST}`,
      '3. Look: kubectl -n kube-system get pod -l component=kube-apiserver (Running, a new age); `sudo crictl logs` tells why not.',
      `Undo: sudo mv /etc/kubernetes/kube-apiserver.before.yaml ${MANIFEST}, the fields out of kubeadm-config, then sudo rm -r ${parts.path}.`,
    ],
  }),
}
