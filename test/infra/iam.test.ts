import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { build, FUNCTIONS } from '../../infra/build.ts'
import { EVERY_OPTION } from '../../infra/package-variants.ts'
import { readZip } from '../support/zip.ts'
import { allOf, copyService, type Resource, ROOT, readTemplate, runPackage, variablesOf } from './_service.ts'

/** What a bundle holds that makes a call of AWS, and the right that the call needs. */
const CALLS = {
  'lambda:InvokeFunction': /InvocationType/,
  'secretsmanager:GetSecretValue': /secretsmanager\.GetSecretValue/,
  'ssm:GetParameter': /AmazonSSM\.GetParameter/,
} as const
/** What AWS itself does with a function's role: writing its log, and sending what was given up. */
const LOGS = ['logs:CreateLogStream', 'logs:PutLogEvents']
const FAILURES = ['sqs:SendMessage']
const ASYNCHRONOUS = ['Reconcile', 'Resync']
/** With interfaces of a VPC, which have no names before they exist, … */
const VPC = [
  'ec2:AssignPrivateIpAddresses',
  'ec2:CreateNetworkInterface',
  'ec2:DeleteNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:UnassignPrivateIpAddresses',
]

interface Statement {
  readonly Effect: string
  readonly Action: readonly string[]
  readonly Resource: unknown
  readonly Condition?: unknown
}

const NAMES = FUNCTIONS.map(name => name.charAt(0).toUpperCase() + name.slice(1))

function statementsOf(resources: Readonly<Record<string, Resource>>, name: string): readonly Statement[] {
  const { Policies } = resources[`${name}Role`]?.Properties ?? {}
  return (Policies as { PolicyDocument: { Statement: Statement[] } }[]).flatMap(
    ({ PolicyDocument }) => PolicyDocument.Statement,
  )
}

const allowedBy = (statements: readonly Statement[]): string[] =>
  statements
    .filter(({ Effect }) => Effect === 'Allow')
    .flatMap(({ Action }) => Action)
    .sort()

/** Calls in the built functions, by function. */
async function readCalls(folder: string): Promise<Map<string, string[]>> {
  const entries = FUNCTIONS.map(name => [name, join(ROOT, `functions/${name}.ts`)])
  const built = await build({ out: join(folder, 'real'), functions: Object.fromEntries(entries) })
  const calls = built.map(async ({ path }, index) => {
    const text = readZip(await readFile(path))
      .map(({ contents }) => contents.toString('utf8'))
      .join()
      // Long lines are broken, even within a text.
      .replaceAll('\\\n', '')
    const found = Object.entries(CALLS).filter(([, pattern]) => pattern.test(text))
    return [NAMES[index] ?? '', found.map(([action]) => action)] as const
  })
  return new Map(await Promise.all(calls))
}

// Each packaging takes seconds, and many on a busy machine.
t.setTimeout(240_000)

t.test('no client of AWS is a dependency but the one that is looked for here', async t => {
  const manifest: unknown = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'))
  const { dependencies } = manifest as { dependencies: Record<string, string> }
  t.strictSame(
    Object.keys(dependencies).filter(name => name.startsWith('@aws-sdk/client-')),
    ['@aws-sdk/client-lambda'],
  )
})

t.test('a role allows what its function calls, and nothing more', async t => {
  const folder = await copyService(t)
  const calls = await readCalls(folder)
  t.match(calls.get('Audit'), ['lambda:InvokeFunction'])
  t.notMatch(calls.get('Resync'), ['lambda:InvokeFunction'])

  await t.test('by default: no secrets, no VPC', async t => {
    t.match(await runPackage(folder), [0])
    const resources = await readTemplate(folder)
    for (const name of NAMES) {
      const wanted = (calls.get(name) ?? []).filter(action => action === 'lambda:InvokeFunction')
      const failures = ASYNCHRONOUS.includes(name) ? FAILURES : []
      t.strictSame(allowedBy(statementsOf(resources, name)), [...wanted, ...LOGS, ...failures].sort(), name)
    }
    t.notMatch(JSON.stringify(allOf(resources, 'AWS::IAM::Role')), /"Resource":"\*"/)
    t.equal(allOf(resources, 'AWS::IAM::Role').length, NAMES.length, 'osls adds no role of its own')
  })

  await t.test('with every option', async t => {
    t.match(await runPackage(folder, EVERY_OPTION), [0])
    const resources = await readTemplate(folder)
    for (const name of NAMES) {
      const secrets = toSecrets(variablesOf(resources, name))
      const wanted = (calls.get(name) ?? []).filter(
        action => action in secrets || action.startsWith('lambda'),
      )
      const failures = ASYNCHRONOUS.includes(name) ? FAILURES : []
      const statements = statementsOf(resources, name)
      const expected = [...wanted, ...LOGS, ...failures, ...VPC, 'kms:Decrypt']
      t.strictSame(allowedBy(statements), expected.sort(), name)
      for (const [action, arns] of Object.entries(secrets))
        t.strictSame(statements.find(({ Action }) => Action.includes(action))?.Resource, arns)
      checkStars(t, statements, String(resources[`${name}LambdaFunction`]?.Properties['FunctionName']))
    }
    t.strictSame(Object.keys(toSecrets(variablesOf(resources, 'Audit'))), ['ssm:GetParameter'])
    t.notMatch(JSON.stringify(statementsOf(resources, 'Resync')), /ssm/)
    t.match(resources['AuditLambdaFunction']?.Properties, {
      VpcConfig: { SecurityGroupIds: ['sg-0123456789abcdef0'], SubnetIds: { length: 2 } },
      ReservedConcurrentExecutions: 20,
    })
    t.match(resources['AuditLogGroup']?.Properties, { RetentionInDays: 90 })
    const topic = [EVERY_OPTION['DEPLOY_ALARM_TOPIC_ARN']]
    for (const alarm of allOf(resources, 'AWS::CloudWatch::Alarm'))
      t.match(alarm, { AlarmActions: topic, OKActions: topic })
    t.match(resources['ResyncStaleAlarm']?.Properties, { EvaluationPeriods: 10, DatapointsToAlarm: 10 })
  })
})

/** … everything is allowed to AWS alone: the function's own code is denied it. */
function checkStars(t: Test, statements: readonly Statement[], functionName: string): void {
  const stars = statements.filter(({ Resource }) => Resource === '*')
  t.strictSame(
    stars.map(({ Effect, Action }) => [Effect, Action]),
    [
      ['Allow', VPC],
      ['Deny', VPC],
    ],
  )
  t.match(JSON.stringify(stars[1]?.Condition), `function:${functionName}"`)
}

/** The right that each secret of a function's variables needs, with the ARNs. */
function toSecrets(variables: Readonly<Record<string, string>>): Record<string, string[]> {
  const secrets: Record<string, string[]> = {}
  for (const arn of Object.values(variables).filter(value => value.startsWith('arn:'))) {
    const action = arn.includes(':ssm:') ? 'ssm:GetParameter' : 'secretsmanager:GetSecretValue'
    secrets[action] = [...(secrets[action] ?? []), arn]
  }
  return secrets
}
