import { deploymentsOf, settingsOf, type Facts } from './facts.ts';
import { listAt, textAt, type Json } from './json.ts';
import { ofKind } from './manifest.ts';

/** One variable that a service reads, as its `src/app/config.ts` says. */
export interface Variable {
  name: string;
  isRequired: boolean;
}

// Read by Node, by OpenTelemetry, and by a providers file that chooses the names of its keys itself.
const readElsewhere = /^NODE_OPTIONS$|^OTEL_|_API_KEY(_FILE)?$/;

/** The variables of the object `Environment` in a service's `config.ts`. A variable without a default is required. */
export function variablesOf(config: string): Variable[] {
  const [, body = ''] =
    /^const Environment = z\.(?:strictObject|looseObject|object)\(\{\n([\s\S]*?)^\}\)/m.exec(config) ?? [];
  return body
    .split(/^(?= {2}[A-Z][A-Z0-9_]*:)/m)
    .filter((text) => /^ {2}[A-Z]/.test(text))
    .map((text) => ({
      name: /^ {2}([A-Z][A-Z0-9_]*):/.exec(text)?.[1] ?? '',
      isRequired: !/\.(default|optional|nullish|prefault)\(/.test(text),
    }));
}

/** Settings of manifests that their service does not read, and settings it needs that they lack, as its config stands now. */
export function environmentProblems({ overlays, files, services }: Facts): string[] {
  const here = new Set(services.map(({ name }) => name));
  const strangers = new Set(
    overlays
      .flatMap(deploymentsOf)
      .map(({ metadata }) => metadata.name)
      .filter((name) => !here.has(name))
      .flatMap((name) => [`${upperOf(name)}_URL`, `${upperOf(name)}_ADMIN_URL`]),
  );
  return overlays.flatMap((overlay) =>
    services.flatMap((service) => {
      const config = files.find(({ path }) => path === `services/${service.name}/src/app/config.ts`)?.text ?? '';
      const variables = variablesOf(config);
      if (variables.length === 0)
        return [`services/${service.name}/src/app/config.ts: has no Environment that can be read`];
      const settings = settingsOf(overlay, service.name);
      const given = Object.keys(settings);
      const settingsFiles = files.filter(({ path }) =>
        new RegExp(`^services/${service.name}/src/app/[a-z-]+-settings\\.ts$`).test(path),
      );
      const others = settingsFiles.flatMap(({ text }) =>
        [...text.matchAll(/^ {2}([A-Z][A-Z0-9_]*): /gm)].map((match) => match[1] ?? ''),
      );
      const names = new Set([...variables.map(({ name }) => name), ...others]);
      // What is said of a service that this tree does not have yet is for the tree that has it.
      const unread = given.filter(
        (name) =>
          !names.has(name) &&
          !names.has(name.replace(/_FILE$/, '')) &&
          !readElsewhere.test(name) &&
          !strangers.has(name),
      );
      const lacking = variables.filter(
        ({ name, isRequired }) => isRequired && !given.includes(name) && !given.includes(`${name}_FILE`),
      );
      return [
        ...unread.map((name) => `${overlay.name}: ${service.name} reads no ${name}`),
        ...lacking.map(({ name }) => `${overlay.name}: ${service.name} needs ${name}`),
        ...secretFileProblems(overlay.manifests, service.name, settings).map(
          (problem) => `${overlay.name}: ${problem}`,
        ),
        ...identityProblems(overlay.manifests, service).map((problem) => `${overlay.name}: ${problem}`),
      ];
    }),
  );
}

function upperOf(service: string): string {
  return service.toUpperCase().replaceAll('-', '_');
}

/** A setting that names a file of a secret needs the secret to hold that file. */
function secretFileProblems(
  manifests: Facts['overlays'][number]['manifests'],
  service: string,
  settings: Record<string, string>,
): string[] {
  const made = ofKind(manifests, 'ExternalSecret').find(({ metadata }) => metadata.name === `${service}-secrets`);
  if (made === undefined) return [];
  const template = Object.keys(
    (made['spec'] as { target?: { template?: { data?: object } } }).target?.template?.data ?? {},
  );
  const named = Object.entries(settings).flatMap(([name, value]) => {
    const file = /^\/run\/secrets\/signalbox\/(.*)$/.exec(value)?.[1];
    return file === undefined ? [] : [{ name, file }];
  });
  return [
    ...named
      .filter(({ file }) => !template.includes(file))
      .map(({ name, file }) => `${service}: ${name} names ${file}, which its ExternalSecret does not make`),
    ...template
      .filter((key) => !named.some(({ file }) => file === key))
      .map((key) => `ExternalSecret ${service}-secrets: no setting names ${key}`),
  ];
}

/** The keys that a service holds are its own and those of whom it calls or enqueues for. */
function identityProblems(
  manifests: Facts['overlays'][number]['manifests'],
  { name, calls }: Facts['services'][number],
): string[] {
  const made = ofKind(manifests, 'ExternalSecret').find(({ metadata }) => metadata.name === `${name}-secrets`);
  if (made === undefined) return [];
  const held = listAt(made as Json, 'spec.data')
    .map((entry) => /^identity-(.*)$/.exec(textAt(entry, 'secretKey'))?.[1] ?? '')
    .filter((audience) => audience !== '');
  return [
    ...[name, ...calls]
      .filter((audience) => !held.includes(audience))
      .map((audience) => `${name}: holds no identity key of ${audience}`),
  ];
}
