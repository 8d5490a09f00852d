import { readFile, writeFile } from 'node:fs/promises'
import { loadKubeConfig } from '../shared/kubernetes/credentials.ts'

/** Files that a secret is made of; the one before the webhook token may be absent. */
export interface SecretParts {
  readonly kubeconfig: string
  readonly webhookToken: string
  readonly webhookTokenPrevious?: string | undefined
}

/**
 * Everything secret that the functions need, as the text of one secret.
 *
 * @param env PNAP_CLIENT_ID and PNAP_CLIENT_SECRET
 * @throws Error that names every problem at once, and no value
 */
export async function toSecretText(
  parts: SecretParts,
  env: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  const problems = ['PNAP_CLIENT_ID', 'PNAP_CLIENT_SECRET'].flatMap(name =>
    env[name] ? [] : [`${name} is not set`],
  )
  const read = async (path: string): Promise<string> => {
    const text = await readFile(path, 'utf8').catch(() => '')
    if (text.trim() === '') problems.push(`${path} cannot be read, or is empty`)
    return text.trim()
  }
  const previous = parts.webhookTokenPrevious
  const [webhookToken, webhookTokenPrevious] = [
    await read(parts.webhookToken),
    previous && (await read(previous)),
  ]
  const cluster = await readCluster(parts.kubeconfig, problems)
  if (problems.length > 0) throw new Error(problems.join('; '))
  const bmc = { clientID: env['PNAP_CLIENT_ID'], clientSecret: env['PNAP_CLIENT_SECRET'] }
  const tokens = { webhookToken, ...(webhookTokenPrevious && { webhookTokenPrevious }) }
  return `${JSON.stringify({ ...bmc, ...tokens, ...cluster }, undefined, 2)}\n`
}

async function readCluster(path: string, problems: string[]): Promise<object> {
  try {
    const config = await loadKubeConfig({ kubeconfig: path })
    const [cluster, user] = [config.getCurrentCluster(), config.getCurrentUser()]
    if (cluster?.caData && user?.token)
      return { kubeApiServer: cluster.server, kubeCaData: cluster.caData, kubeToken: user.token }
    problems.push(`${path} holds no certificate authority and token in itself`)
  } catch (error) {
    problems.push(error instanceof Error ? error.message : `${path} cannot be used`)
  }
  return {}
}

if (import.meta.main) {
  const [out, kubeconfig, webhookToken, webhookTokenPrevious] = process.argv.slice(2)
  if (!out || !kubeconfig || !webhookToken) {
    process.stderr.write(
      'npm run secret -- FILE-TO-WRITE KUBECONFIG WEBHOOK-TOKEN-FILE [TOKEN-BEFORE-FILE]\n',
    )
    process.exitCode = 2
  } else {
    try {
      const text = await toSecretText({ kubeconfig, webhookToken, webhookTokenPrevious }, process.env)
      await writeFile(out, text, { mode: 0o600 })
      process.stdout.write(`written ${out}: for a secret of AWS, then delete it\n`)
    } catch (error) {
      process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
      process.exitCode = 1
    }
  }
}
