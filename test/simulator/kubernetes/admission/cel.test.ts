import t from 'tap'
import { celProblem, evaluateCel } from '../../../../shared/simulator/kubernetes/admission/cel.ts'

const VARIABLES = {
  object: { metadata: { labels: { app: 'web' } }, spec: { replicas: 3, taints: [{ key: 'a' }] } },
  oldObject: null,
  request: { operation: 'CREATE', userInfo: { username: 'ann', groups: ['g'] } },
}

const CASES: Readonly<Record<string, boolean>> = {
  'object.spec.replicas == 3': true,
  'object.spec.replicas % 2 == 1': true,
  'oldObject == null': true,
  'has(object.spec.providerID)': false,
  'object.spec.taints.exists(t, t.key == "a")': true,
  '"app" in object.metadata.labels && object.metadata.labels["app"] == "web"': true,
  'request.operation in ["UPDATE", "DELETE"]': false,
  '!("admins" in request.userInfo.groups)': true,
  'request.userInfo.username.startsWith("a")': true,
  'object.?spec.?providerID.orValue("") == ""': true,
  'object.spec.taints.size() > 0 ? true : false': true,
}

for (const [expression, expected] of Object.entries(CASES))
  t.test(`${expression} is ${expected}`, async t => {
    t.equal(celProblem(expression), undefined)
    t.equal(evaluateCel(expression, VARIABLES), expected)
  })

t.test('a missing key is an error, not false', async t => {
  t.throws(() => evaluateCel('object.spec.none == 1', VARIABLES), { message: /no such key/i })
  t.throws(() => evaluateCel('oldObject.metadata.name == "a"', VARIABLES))
  t.throws(() => evaluateCel('object.spec', VARIABLES), { message: /expected bool/ })
})

t.test('what does not compile is a problem', async t => {
  for (const expression of ['object.(', 'unknown == 1', '"text"', '1 +'])
    t.type(celProblem(expression), 'string', expression)
})
