import t from 'tap';
import { AWS_IDENTITY } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import { startMovedTime } from '../support/moved-time.ts';

/** Another user of AWS, in another account. */
export const OTHER = {
  account: '210987654321',
  accessKeyId: 'AKIAOTHER',
  // No part of a leader's name: the last test searches the logs for it.
  secretAccessKey: 'secret-of-another-user',
};

export const ROLE = `arn:aws:iam::${OTHER.account}:role/team`;
export const UNUSED_ROLE = `arn:aws:iam::${OTHER.account}:role/unused`;

/** In the account of the user. */
export const OWN_ROLE = `arn:aws:iam::${AWS_IDENTITY.account}:role/pull-west`;

/** One cluster for the scenarios in this folder: each start costs 3 s of CPU. */
export const world = await startMovedTime({
  audit: true,
  identities: [AWS_IDENTITY, OTHER],
  roles: [ROLE, UNUSED_ROLE, OWN_ROLE].map((arn) => ({ arn, trustedPrincipals: [AWS_IDENTITY.account] })),
});
t.teardown(() => world.close());
