/** Where a secret lies that AWS keeps. */
export interface SecretArn {
  /** As it was given; AWS takes it in the place of a name, and IAM allows exactly it. */
  readonly arn: string
  readonly service: 'secretsmanager' | 'ssm'
  readonly partition: string
  readonly region: string
}

/** What a person is told who gave another one. */
export const SECRET_ARN_FORMS =
  'the whole ARN of a Secrets Manager secret (arn:aws:secretsmanager:…:secret:…, with the hyphen and six characters that AWS adds to its name) or of an SSM parameter (arn:aws:ssm:…:parameter/…)'

/** IAM compares ARNs letter by letter, so that one without its last six characters would allow nothing. */
const PATTERN =
  /^arn:(aws[a-z-]*):(?:(secretsmanager):([a-z0-9-]+):\d{12}:secret:[\w/+=.@-]+-[A-Za-z0-9]{6}|(ssm):([a-z0-9-]+):\d{12}:parameter\/[\w/.-]+)$/

/** Whether the place of a secret is meant to be one of AWS: no file is called so. */
export const isArn = (place: string): boolean => place.startsWith('arn:')

/** @returns undefined when it is the ARN of something else */
export function readSecretArn(arn: string): SecretArn | undefined {
  const [, partition, manager, managerRegion, , parameterRegion] = PATTERN.exec(arn) ?? []
  const region = managerRegion ?? parameterRegion
  if (partition === undefined || region === undefined) return undefined
  return { arn, service: manager ? 'secretsmanager' : 'ssm', partition, region }
}
