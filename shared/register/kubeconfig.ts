import type { Clock } from '../clock.ts'
import { CcmError } from '../errors.ts'
import type { Kube } from '../kubernetes/client.ts'
import { NAME } from '../kubernetes/names.ts'
import { checkWritable, readIfThere, writePrivately } from './files.ts'
import { type KubeconfigFormat, toKubeconfigText } from './kubeconfig-text.ts'
import { createTokenSecret, deleteTokenSecret, listTokenSecrets, toNextName } from './token-secret.ts'
import type { Teller } from './told.ts'

/** What the kubeconfigs of hosts outside the cluster are made with. */
export interface KubeconfigWork {
  readonly kube: Kube
  readonly clock: Clock
  /** PEM of the API server's authority as `register` itself trusts it; else the one in the token Secret is taken. */
  readonly ca?: string | undefined
  /** File that is written. */
  readonly path: string
  /** The API server as the file's reader reaches it; by default as this command does. */
  readonly server?: string | undefined
  readonly format?: KubeconfigFormat | undefined
  readonly tell: Teller
}

/**
 * Writes a kubeconfig of the service account with its newest token, or with a new one.
 *
 * @throws CcmError KUBE_TIMEOUT when nobody fills the token Secret, KUBE_*, CCM_CONFIG_INVALID
 */
export async function writeKubeconfig(work: KubeconfigWork, rotate: boolean): Promise<void> {
  const { kube, clock, path, tell } = work
  const secrets = await listTokenSecrets(kube)
  const newest = secrets.at(-1)
  // A token that nobody gets to see would be valid for good.
  await checkWritable(path)
  const secret = newest && !rotate ? newest : await createTokenSecret(kube, clock, toNextName(secrets))
  const { token } = secret
  const access = { server: work.server ?? kube.server, ca: work.ca ?? secret.ca, token }
  const text = await toKubeconfigText(access, work.format ?? 'yaml')
  const isSame = (await readIfThere(path)) === text
  if (!isSame) await writePrivately(path, text)
  tell.file(isSame ? 'unchanged' : 'written', path, `token of Secret kube-system/${secret.name}`)
  if (secrets.length > 0 && rotate) {
    tell.note(
      'Tokens before this one stay valid. When no host uses them any more: the same command with --finish.',
    )
  }
}

/**
 * Deletes every token but the one that the kubeconfig holds.
 *
 * @throws CcmError CCM_CONFIG_INVALID when the file holds none of our tokens: then nothing is deleted
 */
export async function finishRotation({ kube, path, tell }: KubeconfigWork): Promise<void> {
  const text = (await readIfThere(path)) ?? ''
  const secrets = await listTokenSecrets(kube)
  const used = secrets.find(({ token }) => text.includes(token))
  if (!used) {
    const message = `${path} holds no token of a Secret kube-system/${NAME}-token*: nothing is deleted`
    throw new CcmError('CCM_CONFIG_INVALID', message)
  }
  for (const { name } of secrets.filter(secret => secret !== used)) {
    await deleteTokenSecret(kube, name)
    tell.object('deleted', 'Secret', `kube-system/${name}`)
  }
  tell.object('kept', 'Secret', `kube-system/${used.name}`)
}
