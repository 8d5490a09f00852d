import { readSecretArn, SECRET_ARN_FORMS } from '../../shared/secret-arn.ts'

/** How the functions are deployed, beside what they are told: see docs/guides/run-as-functions.md. */
export interface DeployOptions {
  readonly vpc:
    | { readonly subnetIds: readonly string[]; readonly securityGroupIds: readonly string[] }
    | undefined
  readonly reservedConcurrency: number | undefined
  readonly logRetentionDays: number
  readonly staleResyncMinutes: number
  /** SNS topic that alarms and recoveries are sent to. */
  readonly alarmTopicArn: string | undefined
  /** Keys of one's own that secrets are encrypted with. */
  readonly kmsKeyArns: readonly string[]
}

/** Names of the options: `--param="subnetIds=…"`, or the variable. */
export const OPTION_VARIABLES = {
  subnetIds: 'DEPLOY_SUBNET_IDS',
  securityGroupIds: 'DEPLOY_SECURITY_GROUP_IDS',
  reservedConcurrency: 'DEPLOY_RESERVED_CONCURRENCY',
  logRetentionDays: 'DEPLOY_LOG_RETENTION_DAYS',
  staleResyncMinutes: 'DEPLOY_STALE_RESYNC_MINUTES',
  alarmTopicArn: 'DEPLOY_ALARM_TOPIC_ARN',
  kmsKeyArns: 'DEPLOY_KMS_KEY_ARNS',
} as const
export type OptionName = keyof typeof OPTION_VARIABLES
export type OptionTexts = Readonly<Record<OptionName, string>>

/** The ones that CloudWatch knows, up to a year. */
const RETENTION_DAYS = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365]
/** One evaluation of an alarm looks back no longer than a day; below three minutes one late pass would be an alarm. */
const STALE_MINUTES = { least: 3, most: 60 }
const MOST_CONCURRENCY = 1000

/** The options, and everything that is wrong with them. */
export function readOptions(texts: OptionTexts): { options: DeployOptions; problems: readonly string[] } {
  const problems: string[] = []
  const check = (name: OptionName, isRight: boolean, expected: string): void => {
    if (!isRight) problems.push(`${name} (${OPTION_VARIABLES[name]}): expected ${expected}`)
  }
  const [subnetIds, securityGroupIds, kmsKeyArns] = [
    toList(texts.subnetIds),
    toList(texts.securityGroupIds),
    toList(texts.kmsKeyArns),
  ]
  const logRetentionDays = Number(texts.logRetentionDays || 30)
  const staleResyncMinutes = Number(texts.staleResyncMinutes || 5)
  const reservedConcurrency = texts.reservedConcurrency ? Number(texts.reservedConcurrency) : undefined
  check(
    'subnetIds',
    subnetIds.every(id => /^subnet-[0-9a-f]{8,17}$/.test(id)),
    'subnet-…, separated by commas',
  )
  check(
    'securityGroupIds',
    securityGroupIds.every(id => /^sg-[0-9a-f]{8,17}$/.test(id)),
    'sg-…, separated by commas',
  )
  check('kmsKeyArns', kmsKeyArns.every(isKeyArn), 'arn:aws:kms:…:key/…, separated by commas')
  check('alarmTopicArn', !texts.alarmTopicArn || isTopicArn(texts.alarmTopicArn), 'arn:aws:sns:…')
  check('logRetentionDays', RETENTION_DAYS.includes(logRetentionDays), `one of ${RETENTION_DAYS.join(', ')}`)
  const { least, most } = STALE_MINUTES
  check('staleResyncMinutes', isWhole(staleResyncMinutes, least, most), `minutes from ${least} to ${most}`)
  const isConcurrency = reservedConcurrency === undefined || isWhole(reservedConcurrency, 1, MOST_CONCURRENCY)
  check('reservedConcurrency', isConcurrency, `a number from 1 to ${MOST_CONCURRENCY}`)
  const isInVpc = subnetIds.length > 0
  if (isInVpc !== securityGroupIds.length > 0) problems.push('subnetIds and securityGroupIds belong together')
  const options = {
    vpc: isInVpc ? { subnetIds, securityGroupIds } : undefined,
    reservedConcurrency,
    logRetentionDays,
    staleResyncMinutes,
    alarmTopicArn: texts.alarmTopicArn || undefined,
    kmsKeyArns,
  }
  return { options, problems }
}

/** ARNs of the secrets that a function reads, by its variables; anything else is a problem, as a function has no files. */
export function readSecretArns(environment: Readonly<Record<string, unknown>>): {
  arns: readonly string[]
  problems: readonly string[]
} {
  const named = Object.entries(environment)
    .filter(([name]) => name === 'PNAP_CLOUD_CONFIG' || name.endsWith('_FILE'))
    .flatMap(([name, value]) => (typeof value === 'string' && value !== '' ? [[name, value] as const] : []))
  return {
    arns: [...new Set(named.map(([, value]) => value))].sort(),
    problems: named
      .filter(([, value]) => readSecretArn(value) === undefined)
      .map(([name]) => `${name}: a function has no files, expected ${SECRET_ARN_FORMS}`),
  }
}

/** AWS takes names of functions up to this length. */
const MOST_NAME = 64

/** The stage when a function's name would be too long with it, which AWS says after an upload only. */
export function findLongNames(
  stage: string,
  functions: readonly { readonly functionName: string }[],
): readonly string[] {
  const excess = Math.max(...functions.map(({ functionName }) => functionName.length)) - MOST_NAME
  if (excess <= 0) return []
  return [
    `--stage: expected at most ${stage.length - excess} characters (AWS takes ${MOST_NAME} in a function's name)`,
  ]
}

const isKeyArn = (text: string): boolean => /^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[\w-]+$/.test(text)
const isTopicArn = (text: string): boolean => /^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w-]+$/.test(text)
const isWhole = (value: number, least: number, most: number): boolean =>
  Number.isInteger(value) && value >= least && value <= most

const toList = (text: string): readonly string[] =>
  text
    .split(',')
    .map(item => item.trim())
    .filter(Boolean)
