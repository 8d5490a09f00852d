import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { parse } from 'yaml'
import { build, FUNCTIONS } from '../../infra/build.ts'
import { SETTINGS } from '../../shared/config.ts'
import { HOST_SETTINGS } from '../../shared/host-settings.ts'

const ROOT = join(import.meta.dirname, '../..')
const SERVERLESS = join(ROOT, 'node_modules/serverless/bin/serverless.js')
/** Settings that no function has: it does not listen, and has no files beside its own. */
const NOT_FOR_FUNCTIONS: readonly string[] = [
  HOST_SETTINGS.listen.env,
  HOST_SETTINGS.tlsCert.env,
  HOST_SETTINGS.tlsKey.env,
  HOST_SETTINGS.tlsClientCa.env,
  HOST_SETTINGS.shutdownGrace.env,
  HOST_SETTINGS.kubeconfig.env,
  HOST_SETTINGS.kubeContext.env,
]

interface Resource {
  readonly Type: string
  readonly Properties: Readonly<Record<string, unknown>>
}

/** A copy of the service whose functions do nothing, so that packaging needs no build of the project. */
async function copyService(t: Test, change: (yaml: string) => string = yaml => yaml): Promise<string> {
  const yaml = await readFile(join(ROOT, 'serverless.yml'), 'utf8')
  const folder = t.testdir({
    'serverless.yml': change(yaml),
    'entry.ts': 'export const handler = async () => 1',
  })
  const functions = Object.fromEntries(FUNCTIONS.map(name => [name, join(folder, 'entry.ts')]))
  await build({ out: join(folder, '.build'), functions })
  return folder
}

/** Runs `serverless package` with nothing in the environment that belongs to AWS. */
function runPackage(folder: string, env: Readonly<Record<string, string>> = {}): Promise<[number, string]> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [SERVERLESS, 'package'], {
      cwd: folder,
      env: { PATH: process.env['PATH'] ?? '', HOME: folder, ...env },
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text
      })
    }
    child.on('error', reject).on('close', code => resolve([code ?? 1, output]))
  })
}

async function readTemplate(folder: string): Promise<Readonly<Record<string, Resource>>> {
  const path = join(folder, '.serverless/cloudformation-template-update-stack.json')
  return (JSON.parse(await readFile(path, 'utf8')) as { Resources: Record<string, Resource> }).Resources
}

function variablesOf(resources: Readonly<Record<string, Resource>>, name: string): Record<string, string> {
  const { Environment } = resources[`${name}LambdaFunction`]?.Properties ?? {}
  return (Environment as { Variables: Record<string, string> }).Variables
}

const allOf = (resources: Readonly<Record<string, Resource>>, type: string): Resource['Properties'][] =>
  Object.values(resources)
    .filter(({ Type }) => Type === type)
    .map(({ Properties }) => Properties)

t.test('it packages without credentials and without a network', async t => {
  const folder = await copyService(t)
  const [code, output] = await runPackage(folder, { PNAP_CLIENT_ID: 'id', KUBE_TOKEN: 'kube' })
  t.equal(code, 0, output)
  const resources = await readTemplate(folder)

  const functions = allOf(resources, 'AWS::Lambda::Function')
  t.equal(functions.length, FUNCTIONS.length)
  for (const one of functions) t.match(one, { Runtime: 'nodejs24.x', Architectures: ['arm64'] })
  t.strictSame(
    allOf(resources, 'AWS::ApiGatewayV2::Route').map(({ RouteKey }) => RouteKey),
    ['POST /admission', 'POST /admission/{secret}', 'POST /audit'],
  )
  const [stage] = allOf(resources, 'AWS::ApiGatewayV2::Stage')
  t.match(stage, { DefaultRouteSettings: { ThrottlingBurstLimit: Number, ThrottlingRateLimit: Number } })
  t.notOk(stage && 'AccessLogSettings' in stage, 'no access log holds a path')
  t.match(allOf(resources, 'AWS::Events::Rule'), [{ ScheduleExpression: 'rate(1 minute)' }])
  t.match(resources['ResyncLambdaEvConf']?.Properties, {
    MaximumRetryAttempts: 0,
    MaximumEventAgeInSeconds: 60,
  })

  t.test('each function may do only what its code does', async t => {
    const actions = Object.fromEntries(
      Object.entries(resources)
        .filter(([, { Type }]) => Type === 'AWS::IAM::Role')
        .map(([name, { Properties }]) => [
          name,
          (
            Properties['Policies'] as { PolicyDocument: { Statement: { Action: string | string[] }[] } }[]
          ).flatMap(policy => policy.PolicyDocument.Statement.flatMap(({ Action }) => Action)),
        ]),
    )
    const logs = ['logs:CreateLogStream', 'logs:PutLogEvents']
    t.strictSame(actions, {
      AdmissionRole: [...logs, 'lambda:InvokeFunction'],
      AuditRole: [...logs, 'lambda:InvokeFunction'],
      ReconcileRole: logs,
      ResyncRole: logs,
    })
    t.notMatch(JSON.stringify(allOf(resources, 'AWS::IAM::Role')), /"Resource":"\*"/)
  })

  t.test('each function has its settings and no secret beyond them', async t => {
    const known: string[] = Object.values(SETTINGS).map(({ env }) => env)
    const resync = variablesOf(resources, 'Resync')
    const admission = variablesOf(resources, 'Admission')
    const audit = variablesOf(resources, 'Audit')
    const given = new Set([resync, admission, audit].flatMap(variables => Object.keys(variables)))
    t.strictSame(
      known.filter(name => !given.has(name) && !NOT_FOR_FUNCTIONS.includes(name)),
      [],
    )
    t.strictSame(
      [...given].filter(name => !known.includes(name)),
      [],
      'every variable is a setting',
    )
    t.match(resync, { PNAP_CLIENT_ID: 'id', KUBE_TOKEN: 'kube', PNAP_CLIENT_SECRET: '' })
    t.notOk('PNAP_WEBHOOK_TOKEN' in resync, 'nobody calls resync with a token')
    t.strictSame(
      Object.keys(audit).filter(name => /CLIENT|KUBE/.test(name)),
      [],
    )
    for (const variables of [audit, admission]) {
      t.equal(
        variables['PNAP_RECONCILE_FUNCTION'],
        resources['ReconcileLambdaFunction']?.Properties['FunctionName'],
        'reconcile is invoked by its name',
      )
    }
  })

  t.test('the webhook never waits longer than its function', async t => {
    const webhooks: unknown = parse(await readFile(join(ROOT, 'infra/webhooks.yaml'), 'utf8'))
    for (const { timeoutSeconds } of (webhooks as { webhooks: { timeoutSeconds: number }[] }).webhooks) {
      t.equal(resources['AdmissionLambdaFunction']?.Properties['Timeout'], timeoutSeconds)
    }
  })
})

t.test('an unknown key is refused', async t => {
  const folder = await copyService(t, yaml => yaml.replace('    timeout: 55', '    timeOut: 55'))
  const [code, output] = await runPackage(folder)
  t.not(code, 0)
  t.match(output, /timeOut/)
})
