import type { CommandFlag } from '../command-line.ts'

/** Flags of `register`, beside those of the settings. */
export const REGISTER_FLAGS: readonly CommandFlag[] = [
  {
    name: 'url',
    value: 'https://HOST:PORT',
    doc: 'Where the API server reaches the webhooks; paths are added to it. In its place --webhook-service names a Service of the cluster.',
  },
  {
    name: 'ca-file',
    value: 'F',
    doc: 'PEM file of the authority that signed the certificate of that URL; by default those the API server trusts.',
  },
  {
    name: 'bearer',
    doc: 'The API server sends the token (see --apiserver-dir); without it the URL holds a secret made of the token.',
  },
  {
    name: 'user',
    value: 'NAME',
    doc: 'Whom the handlers act as, whose own changes must not ring; the service account by default.',
  },
  { name: 'print', doc: 'Writes the objects as YAML instead of applying them.' },
  { name: 'dry-run', doc: 'Shows what would change and changes nothing.' },
  {
    name: 'apiserver-dir',
    value: 'D',
    doc: 'Writes audit policy, audit webhook, admission configuration and token for the API server into this folder.',
  },
  {
    name: 'distribution',
    value: 'kubeadm|k3s|rke2|talos',
    doc: 'Writes the files as this distribution takes them, in a folder of its name, and what to do with them.',
  },
  {
    name: 'apiserver-path',
    value: 'PATH',
    doc: "Where these files will lie on the control plane machines; by default the distribution's own place, or the folder itself.",
  },
  { name: 'merge-policy', value: 'F', doc: 'Audit policy in use: its rules follow ours.' },
  {
    name: 'accept-wider-audit',
    doc: 'Takes a policy that sends us names of other things than nodes and Services too, with users and URLs; never what requests hold.',
  },
  {
    name: 'merge-admission',
    value: 'F',
    doc: 'Admission configuration in use: its plugins and webhook users follow ours.',
  },
  {
    name: 'kubeconfig-out',
    value: 'F',
    doc: 'Writes a kubeconfig of the service account for hosts outside the cluster; alone, it needs no --url.',
  },
  {
    name: 'kubeconfig-server',
    value: 'URL',
    doc: 'API server as those hosts reach it; by default as this command does.',
  },
  {
    name: 'kubeconfig-format',
    value: 'yaml|env',
    doc: 'env writes KUBE_API_SERVER, KUBE_CA_DATA and KUBE_TOKEN instead, as functions take them; yaml by default.',
  },
  { name: 'rotate', doc: 'Makes a new token for that kubeconfig; the old one stays valid.' },
  { name: 'finish', doc: 'Deletes every token but the one in that kubeconfig.' },
  {
    name: 'output',
    value: 'text|json',
    doc: 'Form of what is written to standard output; text by default.',
  },
]
