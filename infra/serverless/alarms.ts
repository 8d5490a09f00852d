import type { DeployOptions } from './options.ts'
import type { FunctionRights } from './roles.ts'

type Resources = Readonly<Record<string, object>>

const MINUTE = 60
/** Looked at this many times: a single failure that mends itself is no alarm. */
const ERROR_PERIODS = 3

/** Alarms of CloudWatch: what each means stands in docs/guides/run-as-functions.md. */
export function toAlarms(functions: readonly FunctionRights[], options: DeployOptions): Resources {
  const alarm = (properties: object): object => ({
    Type: 'AWS::CloudWatch::Alarm',
    Properties: {
      ...properties,
      ...(options.alarmTopicArn
        ? { AlarmActions: [options.alarmTopicArn], OKActions: [options.alarmTopicArn] }
        : {}),
    },
  })
  const ofFunctions = functions.flatMap(({ name, functionName }) => [
    [`${capital(name)}ErrorsAlarm`, alarm(toErrors(name, functionName))],
    [`${capital(name)}ThrottlesAlarm`, alarm(toThrottles(name, functionName))],
  ])
  const resync = functions.find(({ name }) => name === 'resync')?.functionName ?? ''
  return {
    ...(Object.fromEntries(ofFunctions) as Resources),
    ResyncStaleAlarm: alarm(toStale(resync, options.staleResyncMinutes)),
    HttpApiErrorsAlarm: alarm(API_ERRORS),
    FailureQueueAlarm: alarm(FAILURES),
  }
}

/** In each of three periods of five minutes: every failure here is repeated by somebody, so that one tells nothing. */
const toErrors = (name: string, functionName: string): object => ({
  AlarmDescription: `${name} fails: see its log. Resync does its work meanwhile, unless it is resync itself.`,
  ...toMetric('Errors', functionName),
  Period: 5 * MINUTE,
  EvaluationPeriods: ERROR_PERIODS,
  Threshold: 0,
  ComparisonOperator: 'GreaterThanThreshold',
  // A function that nobody calls does not fail.
  TreatMissingData: 'notBreaching',
})

const toThrottles = (name: string, functionName: string): object => ({
  AlarmDescription: `${name} is not run for want of concurrency: raise the account's limit, or reservedConcurrency.`,
  ...toMetric('Throttles', functionName),
  Period: 5 * MINUTE,
  EvaluationPeriods: 1,
  Threshold: 0,
  ComparisonOperator: 'GreaterThanThreshold',
  TreatMissingData: 'notBreaching',
})

/** Invocations less those that failed; one that never was is no data, which is as bad. */
const toStale = (functionName: string, minutes: number): object => ({
  AlarmDescription: `No pass over everything has succeeded for ${minutes} minutes: nothing is mended that a ring missed.`,
  Metrics: [
    { Id: 'passes', Expression: 'invocations - errors', Label: 'passes that succeeded', ReturnData: true },
    toQuery('invocations', 'Invocations', functionName),
    toQuery('errors', 'Errors', functionName),
  ],
  EvaluationPeriods: minutes,
  DatapointsToAlarm: minutes,
  Threshold: 1,
  ComparisonOperator: 'LessThanThreshold',
  TreatMissingData: 'breaching',
})

/**
 * Admission and audit answer whatever happens, so that a webhook that cannot be set up is no error of its function: the
 * answers with 5xx tell of it, and of functions that crash or are throttled.
 */
const API_ERRORS: object = {
  AlarmDescription: 'admission or audit answers with 5xx: see their logs. Resync does their work meanwhile.',
  Namespace: 'AWS/ApiGateway',
  MetricName: '5xx',
  Dimensions: [
    { Name: 'ApiId', Value: { Ref: 'HttpApi' } },
    { Name: 'Stage', Value: { Ref: 'HttpApiStage' } },
  ],
  Statistic: 'Sum',
  Period: 5 * MINUTE,
  EvaluationPeriods: ERROR_PERIODS,
  Threshold: 0,
  ComparisonOperator: 'GreaterThanThreshold',
  TreatMissingData: 'notBreaching',
}

const FAILURES: object = {
  AlarmDescription: 'An asynchronous invocation was given up: the message tells which and why.',
  Namespace: 'AWS/SQS',
  MetricName: 'ApproximateNumberOfMessagesVisible',
  Dimensions: [{ Name: 'QueueName', Value: { 'Fn::GetAtt': ['FailureQueue', 'QueueName'] } }],
  Statistic: 'Maximum',
  Period: 5 * MINUTE,
  EvaluationPeriods: 1,
  Threshold: 0,
  ComparisonOperator: 'GreaterThanThreshold',
  // A queue that was idle for hours reports nothing.
  TreatMissingData: 'notBreaching',
}

const toQuery = (id: string, metric: string, functionName: string): object => {
  const { Statistic, ...Metric } = toMetric(metric, functionName)
  return { Id: id, MetricStat: { Metric, Period: MINUTE, Stat: Statistic }, ReturnData: false }
}

const toMetric = (metric: string, functionName: string) => ({
  Namespace: 'AWS/Lambda',
  MetricName: metric,
  Dimensions: [{ Name: 'FunctionName', Value: functionName }],
  Statistic: 'Sum',
})

export const capital = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1)
