import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { FUNCTIONS } from '../../infra/build.ts'
import { EVERY_OPTION } from '../../infra/package-variants.ts'
import { SETTINGS } from '../../shared/config.ts'
import { HOST_SETTINGS } from '../../shared/host-settings.ts'
import { allOf, copyService, ROOT, readTemplate, runPackage, variablesOf } from './_service.ts'

/** Settings that no function has: it does not listen, and has no files beside its own. */
const NOT_FOR_FUNCTIONS: readonly string[] = [
  HOST_SETTINGS.listen.env,
  HOST_SETTINGS.tlsCert.env,
  HOST_SETTINGS.tlsKey.env,
  HOST_SETTINGS.tlsClientCa.env,
  HOST_SETTINGS.metricsListen.env,
  HOST_SETTINGS.maxReviews.env,
  HOST_SETTINGS.maxWaitingReviews.env,
  HOST_SETTINGS.maxAuditBatches.env,
  HOST_SETTINGS.maxEventLoopLag.env,
  HOST_SETTINGS.shutdownGrace.env,
  HOST_SETTINGS.webhookService.env,
  HOST_SETTINGS.webhookUrl.env,
  HOST_SETTINGS.webhookCa.env,
  HOST_SETTINGS.servingSecret.env,
  HOST_SETTINGS.statusToken.env,
  HOST_SETTINGS.kubeconfig.env,
  HOST_SETTINGS.kubeContext.env,
]

// Each packaging takes seconds, and many on a busy machine.
t.setTimeout(240_000)

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

  t.test('what no option asks for is not there', async t => {
    const text = JSON.stringify(resources)
    t.notMatch(text, /VpcConfig|ReservedConcurrentExecutions|AlarmActions|OKActions|ec2:|kms:|GetSecretValue/)
    t.match(
      allOf(resources, 'AWS::Logs::LogGroup'),
      FUNCTIONS.map(() => ({ RetentionInDays: 30 })),
    )
  })

  t.test('what is given up goes to an encrypted queue', async t => {
    t.match(resources['FailureQueue']?.Properties, {
      SqsManagedSseEnabled: true,
      MessageRetentionPeriod: 86_400,
    })
    const toQueue = { OnFailure: { Destination: { 'Fn::GetAtt': ['FailureQueue', 'Arn'] } } }
    for (const name of ['Reconcile', 'Resync'])
      t.match(resources[`${name}LambdaEvConf`]?.Properties, { DestinationConfig: toQueue })
  })

  t.test(
    'a pass that is not made is an alarm, and so is each function that fails or is throttled',
    async t => {
      const alarms = Object.entries(resources).filter(([, { Type }]) => Type === 'AWS::CloudWatch::Alarm')
      const named = FUNCTIONS.map(name => name.charAt(0).toUpperCase() + name.slice(1))
      t.strictSame(
        alarms.map(([name]) => name).sort(),
        [
          ...named.flatMap(name => [`${name}ErrorsAlarm`, `${name}ThrottlesAlarm`]),
          'FailureQueueAlarm',
          'HttpApiErrorsAlarm',
          'ResyncStaleAlarm',
        ].sort(),
      )
      t.match(resources['ResyncStaleAlarm']?.Properties, {
        EvaluationPeriods: 5,
        Threshold: 1,
        ComparisonOperator: 'LessThanThreshold',
        TreatMissingData: 'breaching',
      })
      const [apiId] =
        Object.entries(resources).find(([, { Type }]) => Type === 'AWS::ApiGatewayV2::Api') ?? []
      t.match(resources['HttpApiErrorsAlarm']?.Properties, {
        Namespace: 'AWS/ApiGateway',
        MetricName: '5xx',
        Dimensions: [
          { Name: 'ApiId', Value: { Ref: apiId } },
          { Name: 'Stage', Value: { Ref: 'HttpApiStage' } },
        ],
        ComparisonOperator: 'GreaterThanThreshold',
        TreatMissingData: 'notBreaching',
      })
    },
  )

  t.test('each function has its settings and no secret beyond them', async t => {
    const known: string[] = Object.values(SETTINGS).map(({ env }) => env)
    const ofSecrets = ['PNAP_CLOUD_CONFIG', ...known.map(name => `${name}_FILE`)]
    const resync = variablesOf(resources, 'Resync')
    const admission = variablesOf(resources, 'Admission')
    const audit = variablesOf(resources, 'Audit')
    const given = new Set([resync, admission, audit].flatMap(variables => Object.keys(variables)))
    t.strictSame(
      known.filter(name => !given.has(name) && !NOT_FOR_FUNCTIONS.includes(name)),
      [],
    )
    t.strictSame(
      [...given].filter(name => ![...known, ...ofSecrets].includes(name) && !name.startsWith('OTEL_')),
      [],
      'every variable is a setting, or one of OpenTelemetry',
    )
    for (const variables of [resync, admission, audit])
      t.equal(variables['OTEL_EXPORTER_OTLP_ENDPOINT'], '', 'spans can be asked for, and are not')
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

t.test('every option that is wrong is told at once', async t => {
  const folder = await copyService(t)
  const [code, output] = await runPackage(folder, {
    DEPLOY_SUBNET_IDS: 'subnet-0123456789abcdef0',
    DEPLOY_LOG_RETENTION_DAYS: '31',
    DEPLOY_STALE_RESYNC_MINUTES: '1',
    PNAP_CLOUD_CONFIG: '/etc/cloud-sa.json',
    PNAP_RESYNC_INTERVAL: 'banana',
    PNAP_WEBHOOK_TOKEN: 'short',
    KUBE_TOKEN: 'one',
    KUBE_TOKEN_FILE: 'other',
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4317',
    OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
    PNAP_LISTEN: 'no setting of a function',
  })
  t.not(code, 0)
  t.match(
    output,
    /logRetentionDays .*; staleResyncMinutes .*; subnetIds and securityGroupIds belong .*; PNAP_CLOUD_CONFIG: a function has no files/,
  )
  t.equal(output.match(/belong together/g)?.length, 1)
  t.match(output, /PNAP_RESYNC_INTERVAL: expected /)
  t.match(output, /PNAP_WEBHOOK_TOKEN: expected at least 16/)
  t.match(output, /KUBE_TOKEN and KUBE_TOKEN_FILE exclude each other/)
  t.match(output, /OTEL_EXPORTER_OTLP_PROTOCOL: must be http\/protobuf or http\/json/)
  t.notMatch(output, /banana|PNAP_LISTEN/)
})

t.test('a stage that makes names of functions too long is refused', async t => {
  const folder = await copyService(t)
  const stage = 'a'.repeat(29)
  const [code, output] = await runPackage(folder, {}, ['package', '--stage', stage])
  t.not(code, 0)
  t.match(output, /--stage: expected at most 28 characters/)
  t.match(await runPackage(folder, {}, ['package', '--stage', stage.slice(1)]), [0])
})

t.test('audit gets no secret but that of the webhook token', async t => {
  const folder = await copyService(t)
  const { PNAP_CLOUD_CONFIG = '', PNAP_WEBHOOK_TOKEN_FILE = '' } = EVERY_OPTION
  const [code, output] = await runPackage(folder, { PNAP_CLOUD_CONFIG })
  t.not(code, 0)
  t.match(output, /PNAP_WEBHOOK_TOKEN_FILE is missing: .* a secret of its own/)

  t.match(await runPackage(folder, { PNAP_CLOUD_CONFIG, PNAP_WEBHOOK_TOKEN_FILE }), [0])
  const resources = await readTemplate(folder)
  const readers = (arn: string): string[] =>
    Object.entries(resources).flatMap(([name, one]) => (JSON.stringify(one).includes(arn) ? [name] : []))
  const everything = readers(PNAP_CLOUD_CONFIG)
  t.match(everything, ['AdmissionLambdaFunction'])
  t.notMatch(everything.join(), /Audit/)
  t.strictSame(
    readers(PNAP_WEBHOOK_TOKEN_FILE).filter(name => name.endsWith('Role')),
    ['AdmissionRole', 'AuditRole'],
  )
})

t.test('a deployment without rights ends at AWS, and says so', async t => {
  const folder = await copyService(t)
  const env = {
    AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'nobodys-key',
    AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
    AWS_MAX_ATTEMPTS: '1',
  }
  const [code, output] = await runPackage(folder, env, ['deploy'])
  t.not(code, 0)
  t.match(output, /ECONNREFUSED/)
  t.notMatch(output, /nobodys-key/)
})
