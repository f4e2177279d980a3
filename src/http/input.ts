import {
  type ArgumentMetadata,
  type ExecutionContext,
  Injectable,
  type PipeTransform,
  type Type,
  createParamDecorator,
} from '@nestjs/common';
import { ApiInput } from './api-notes.js';
import { InputPipe } from './input.pipe.js';

/** Which part of a request a parameter is, and the class with its rules. */
interface Source {
  readonly part: 'body' | 'query';
  readonly dto: Type;
}

/** Checks a part of a request. Pipes of the application do not see its class, and leave it unchanged. */
@Injectable()
export class OwnInputPipe implements PipeTransform {
  constructor(private readonly input: InputPipe) {}

  transform(value: unknown, { data }: ArgumentMetadata): Promise<unknown> {
    const { part, dto } = data as unknown as Source;
    return this.input.transform(value, { type: part, metatype: dto });
  }
}

const Part = createParamDecorator(
  ({ part }: Source, context: ExecutionContext): unknown =>
    context.switchToHttp().getRequest<Readonly<Record<string, unknown>>>()[part],
);

function input(part: Source['part'], dto: Type): ParameterDecorator {
  const source: Source = { part, dto };
  return (target, name, index) => {
    Part(source, OwnInputPipe)(target, name, index);
    ApiInput(part, dto)(target, name!);
  };
}

/** The body of a request, checked by the rules of a class. */
export const ValidBody = (dto: Type) => input('body', dto);

/** The query of a request, checked by the rules of a class. */
export const ValidQuery = (dto: Type) => input('query', dto);
