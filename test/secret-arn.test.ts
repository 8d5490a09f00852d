import t from 'tap'
import { isArn, readSecretArn } from '../shared/secret-arn.ts'

const READ = [
  ['arn:aws:secretsmanager:us-east-1:123456789012:secret:ccm-AbCdEf', 'secretsmanager', 'aws', 'us-east-1'],
  [
    'arn:aws:secretsmanager:us-east-1:123456789012:secret:team/ccm@1-AbCdEf',
    'secretsmanager',
    'aws',
    'us-east-1',
  ],
  ['arn:aws-cn:ssm:cn-north-1:123456789012:parameter/ccm/token', 'ssm', 'aws-cn', 'cn-north-1'],
] as const
for (const [arn, service, partition, region] of READ)
  t.test(arn, async t => t.strictSame(readSecretArn(arn), { arn, service, partition, region }))

const REFUSED = [
  'arn:aws:s3:::bucket',
  'arn:aws:ssm:us-east-1:123456789012:document/x',
  'arn:aws:secretsmanager:us-east-1:123456789012:parameter/x',
  'arn:aws:secretsmanager:us-east-1:12:secret:x',
  'arn:aws:secretsmanager:us-east-1.evil.example/:123456789012:secret:x',
  'arn:aws:secretsmanager:us-east-1:123456789012:secret:*',
  'arn:aws:secretsmanager:us-east-1:123456789012:secret:cloud-provider',
  'arn:aws:secretsmanager:us-east-1:123456789012:secret:ccm-AbCdE',
  'arn:aws:secretsmanager:us-east-1:123456789012:secret:-AbCdEf',
  'arn:',
]
for (const arn of REFUSED) t.test(`not ${arn}`, async t => t.equal(readSecretArn(arn), undefined))

t.test('what is a file', async t => {
  t.equal(isArn('./arn:aws'), false)
  t.equal(isArn('arn:aws:s3:::bucket'), true)
})
