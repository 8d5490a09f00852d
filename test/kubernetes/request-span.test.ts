import t from 'tap'
import { toPathTemplate } from '../../shared/kubernetes/request-span.ts'

const CASES: readonly [path: string, template: string][] = [
  ['/api/v1/nodes', '/api/v1/nodes'],
  ['/api/v1/nodes/node-a', '/api/v1/nodes/{name}'],
  ['/api/v1/nodes/node-a/status', '/api/v1/nodes/{name}/status'],
  ['/api/v1/services', '/api/v1/services'],
  ['/api/v1/namespaces/kube-system', '/api/v1/namespaces/{namespace}'],
  ['/api/v1/namespaces/default/services', '/api/v1/namespaces/{namespace}/services'],
  ['/api/v1/namespaces/default/services/web/status', '/api/v1/namespaces/{namespace}/services/{name}/status'],
  ['/apis/networking.k8s.io/v1/ipaddresses/10.0.0.1', '/apis/networking.k8s.io/v1/ipaddresses/{name}'],
  [
    '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/x',
    '/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases/{name}',
  ],
  ['/version', '/version'],
]

for (const [path, template] of CASES)
  t.test(path, async t => {
    t.equal(toPathTemplate(path), template)
  })
