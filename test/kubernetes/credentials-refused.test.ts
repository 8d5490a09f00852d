import { inspect } from 'node:util'
import t from 'tap'
import { stringify } from 'yaml'
import { loadKubeConfig } from '../../shared/kubernetes/credentials.ts'

const toConfig = (server: string): string =>
  stringify({
    clusters: [{ name: 'main', cluster: { server } }],
    users: [{ name: 'main', user: {} }],
    contexts: [{ name: 'main', context: { cluster: 'main', user: 'main' } }],
    'current-context': 'main',
  })

t.test('a server with a password in its URL is refused, and the password is told nobody', async t => {
  const servers = [
    'https://user:planted@cluster.test:6443',
    'https://planted@cluster.test',
    'http:\\\\user:planted@127.0.0.1',
    'https://user:plan ted@cluster.test:port',
    'user:planted@cluster.test:6443',
  ]
  for (const server of servers) {
    const kubeconfig = `${t.testdir({ config: toConfig(server) })}/config`
    for (const settings of [{ kubeconfig }, { apiServer: server }]) {
      const error = await loadKubeConfig(settings).catch((thrown: unknown) => thrown)
      t.match(error, {
        code: 'KUBE_CONFIG_INVALID',
        message: /is a URL with user, password, query or fragment; expected one without/,
      })
      t.notMatch(inspect(error, { depth: 9 }), /plan ?ted/, server)
    }
  }
  const path = `${t.testdir({ config: toConfig('https://cluster.test/k8s/@1') })}/config`
  t.equal(
    (await loadKubeConfig({ kubeconfig: path })).getCurrentCluster()?.server,
    'https://cluster.test/k8s/@1',
  )
})

t.test('a kubeconfig that never ends', async t => {
  await t.rejects(loadKubeConfig({ kubeconfig: '/dev/zero' }), {
    code: 'KUBE_CONFIG_INVALID',
    message: /more than 4 MiB/,
  })
})
