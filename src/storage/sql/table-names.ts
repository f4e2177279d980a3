import {
  type CreateIndexNode,
  IdentifierNode,
  type KyselyPlugin,
  OperationNodeTransformer,
  type PluginTransformQueryArgs,
  type PluginTransformResultArgs,
  type QueryId,
  type QueryResult,
  type RootOperationNode,
  SchemableIdentifierNode,
  type UnknownRow,
} from 'kysely';

/** The names of our tables and indexes in the database: each with the prefix, and in the schema if there is one. */
export class TableNames implements KyselyPlugin {
  readonly #transformer: NameTransformer;

  constructor(
    readonly prefix: string,
    readonly schema: string | null = null,
  ) {
    this.#transformer = new NameTransformer(this);
  }

  /** The quoted name of a table, as a statement needs it. */
  readonly quoted = (table: string): string => this.within(this.prefix + table);

  /** The quoted name of what is not ours, in the same schema. */
  within(name: string): string {
    return this.schema === null ? quoted(name) : `${quoted(this.schema)}.${quoted(name)}`;
  }

  transformQuery({ node, queryId }: PluginTransformQueryArgs): RootOperationNode {
    return this.#transformer.transformNode(node, queryId);
  }

  transformResult({ result }: PluginTransformResultArgs): Promise<QueryResult<UnknownRow>> {
    return Promise.resolve(result);
  }
}

/** Replaces the name of every table and index. No alias of a table is a reference in our queries, so none is replaced. */
class NameTransformer extends OperationNodeTransformer {
  /** Kysely transforms a query within another one twice. */
  readonly #replaced = new WeakSet<SchemableIdentifierNode>();

  constructor(private readonly names: TableNames) {
    super();
  }

  protected override transformSchemableIdentifier(node: SchemableIdentifierNode): SchemableIdentifierNode {
    if (this.#replaced.has(node)) return node;
    const { prefix, schema } = this.names;
    const name = prefix + node.identifier.name;
    const replaced =
      schema === null
        ? SchemableIdentifierNode.create(name)
        : SchemableIdentifierNode.createWithSchema(schema, name);
    this.#replaced.add(replaced);
    return replaced;
  }

  /** A new index is in the schema of its table, so its name takes none. */
  protected override transformCreateIndex(node: CreateIndexNode, queryId?: QueryId): CreateIndexNode {
    const index = super.transformCreateIndex(node, queryId);
    return { ...index, name: IdentifierNode.create(this.names.prefix + index.name.name) };
  }
}

export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
