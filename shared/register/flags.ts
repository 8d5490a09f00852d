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
  { name: 'merge-policy', value: 'F', doc: 'Audit policy in use: its rules follow ours.' },
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
  { name: 'rotate', doc: 'Makes a new token for that kubeconfig; the old one stays valid.' },
  { name: 'finish', doc: 'Deletes every token but the one in that kubeconfig.' },
]
