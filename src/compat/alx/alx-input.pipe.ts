import { Injectable } from '@nestjs/common';
import { FieldRules } from '../../http/field-rules.js';
import { InputPipe } from '../../http/input.pipe.js';

/** Ignores unknown fields. */
@Injectable()
export class AlxInputPipe extends InputPipe {
  constructor(rules: FieldRules) {
    super(rules);
    this.validatorOptions.forbidNonWhitelisted = false;
  }
}
