import type { DeployOptions } from './options.ts'

export type FunctionName = 'admission' | 'audit' | 'reconcile' | 'resync'

/** What a function's role must know of it. */
export interface FunctionRights {
  readonly name: FunctionName
  /** As deployed. */
  readonly functionName: string
  /** ARNs of the secrets that it reads. */
  readonly secrets: readonly string[]
}

export interface Statement {
  readonly Effect: 'Allow' | 'Deny'
  readonly Action: readonly string[]
  readonly Resource: unknown
  readonly Condition?: unknown
}

/** Who hands keys to reconcile. */
const INVOKERS: readonly FunctionName[] = ['admission', 'audit']
/** Who is invoked asynchronously: the platform sends what failed to the queue, with the function's own role. */
export const ASYNCHRONOUS: readonly FunctionName[] = ['reconcile', 'resync']

/** AWS creates the interfaces of a function in a VPC with the function's role. Their names are not known before, … */
const VPC_ACTIONS = [
  'ec2:AssignPrivateIpAddresses',
  'ec2:CreateNetworkInterface',
  'ec2:DeleteNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:UnassignPrivateIpAddresses',
]

/** An ARN of this account, region and partition, which CloudFormation knows. */
const arn = (service: string, rest: string): object => ({
  'Fn::Join': [
    ':',
    ['arn', { Ref: 'AWS::Partition' }, service, { Ref: 'AWS::Region' }, { Ref: 'AWS::AccountId' }, rest],
  ],
})

/** One role for one function: its own log group, and nothing else but what its code, or AWS for it, calls. */
export function toRole(rights: FunctionRights, reconcile: string, options: DeployOptions): object {
  const policies = toPolicies(rights, reconcile, options)
  return {
    Type: 'AWS::IAM::Role',
    Properties: {
      AssumeRolePolicyDocument: toDocument([
        { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: ['sts:AssumeRole'] },
      ]),
      Policies: Object.entries(policies)
        .filter(([, statements]) => statements.length > 0)
        .map(([PolicyName, statements]) => ({ PolicyName, PolicyDocument: toDocument(statements) })),
    },
  }
}

const toDocument = (Statement: readonly object[]): object => ({ Version: '2012-10-17', Statement })

function toPolicies(
  { name, functionName, secrets }: FunctionRights,
  reconcile: string,
  options: DeployOptions,
): Readonly<Record<string, readonly Statement[]>> {
  const logGroup = arn('logs', `log-group:/aws/lambda/${functionName}:*`)
  return {
    logs: [allow(['logs:CreateLogStream', 'logs:PutLogEvents'], logGroup)],
    invoke: INVOKERS.includes(name)
      ? [allow(['lambda:InvokeFunction'], arn('lambda', `function:${reconcile}`))]
      : [],
    failures: ASYNCHRONOUS.includes(name)
      ? [allow(['sqs:SendMessage'], { 'Fn::GetAtt': ['FailureQueue', 'Arn'] })]
      : [],
    secrets: toSecretStatements(secrets, options.kmsKeyArns),
    vpc: options.vpc ? toVpcStatements(functionName) : [],
  }
}

const allow = (Action: readonly string[], Resource: unknown): Statement => ({
  Effect: 'Allow',
  Action,
  Resource,
})

function toSecretStatements(secrets: readonly string[], keys: readonly string[]): readonly Statement[] {
  const of = (service: string) => secrets.filter(secret => secret.split(':')[2] === service)
  const [managed, parameters] = [of('secretsmanager'), of('ssm')]
  return [
    ...(managed.length > 0 ? [allow(['secretsmanager:GetSecretValue'], managed)] : []),
    ...(parameters.length > 0 ? [allow(['ssm:GetParameter'], parameters)] : []),
    // With AWS' own keys the right to read the secret is enough.
    ...(secrets.length > 0 && keys.length > 0 ? [allow(['kms:Decrypt'], keys)] : []),
  ]
}

/** … so that they are allowed for all, and denied to the function's own code, which has no use for them. */
const toVpcStatements = (functionName: string): readonly Statement[] => [
  allow(VPC_ACTIONS, '*'),
  {
    Effect: 'Deny',
    Action: VPC_ACTIONS,
    Resource: '*',
    Condition: { ArnEquals: { 'lambda:SourceFunctionArn': [arn('lambda', `function:${functionName}`)] } },
  },
]
