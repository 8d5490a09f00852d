import { writeFile } from 'node:fs/promises'
import { loadKubeConfig } from '../shared/kubernetes/credentials.ts'

/**
 * BMC credentials and access to the cluster, as the text of one secret. The webhook token is none of it: the function that
 * the internet reaches and that needs nothing else has it from a secret of its own.
 *
 * @param env PNAP_CLIENT_ID and PNAP_CLIENT_SECRET
 * @throws Error that names every problem at once, and no value
 */
export async function toSecretText(
  kubeconfig: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  const problems = ['PNAP_CLIENT_ID', 'PNAP_CLIENT_SECRET'].flatMap(name =>
    env[name] ? [] : [`${name} is not set`],
  )
  const cluster = await readCluster(kubeconfig, problems)
  if (problems.length > 0) throw new Error(problems.join('; '))
  const bmc = { clientID: env['PNAP_CLIENT_ID'], clientSecret: env['PNAP_CLIENT_SECRET'] }
  return `${JSON.stringify({ ...bmc, ...cluster }, undefined, 2)}\n`
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
  const [out, kubeconfig, ...more] = process.argv.slice(2)
  if (!out || !kubeconfig || more.length > 0) {
    process.stderr.write('npm run secret -- FILE-TO-WRITE KUBECONFIG\n')
    process.exitCode = 2
  } else {
    try {
      await writeFile(out, await toSecretText(kubeconfig, process.env), { mode: 0o600 })
      process.stdout.write(`written ${out}: for a secret of AWS, then delete it\n`)
    } catch (error) {
      process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
      process.exitCode = 1
    }
  }
}
