import { NAME } from '../../kubernetes/names.ts'
import { type Distribution, toCopySteps, toFlagPairs } from './contract.ts'

const DROP_IN = `${NAME}.yaml`
const TARGET = `/etc/rancher/k3s/config.yaml.d/${DROP_IN}`

/** The API server is a part of the k3s process: it sees the machine's own paths, whatever k3s stores its data in. */
export const k3s: Distribution = {
  path: `/var/lib/rancher/k3s/server/${NAME}`,
  toFiles: parts => ({
    copiesFolder: true,
    files: [
      // The plus adds to a list of config.yaml instead of replacing it.
      {
        name: DROP_IN,
        content: { 'kube-apiserver-arg+': toFlagPairs(parts).map(([name, value]) => `${name}=${value}`) },
      },
    ],
    steps: [
      '1. On each server, one after the other, in this folder:',
      ...toCopySteps(NAME, parts.path).map(line => `   ${line}`),
      `   sudo install -D -m 0600 -o root -g root ${DROP_IN} ${TARGET}`,
      '   Flags of the same names in /etc/rancher/k3s/config.yaml, or on the command line of the service, have to go: k3s passes on both.',
      '2. sudo systemctl restart k3s',
      '3. Look: sudo journalctl -u k3s | grep audit-webhook-config-file (the flags of the API server), and kubectl get nodes.',
      `Undo: sudo rm -r ${TARGET} ${parts.path}, then sudo systemctl restart k3s.`,
    ],
  }),
}
