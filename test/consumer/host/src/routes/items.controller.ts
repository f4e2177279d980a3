import {
  Body,
  Controller,
  DefaultValuePipe,
  Delete,
  Get,
  Head,
  HttpCode,
  Options,
  Param,
  ParseIntPipe,
  ParseUUIDPipe,
  Patch,
  Post,
  Put,
  Query,
  Version,
  VERSION_NEUTRAL,
} from '@nestjs/common';
import { ApiProperty, ApiTags, PartialType } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  IsBoolean,
  IsEmail,
  IsInt,
  IsOptional,
  IsString,
  Length,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';
import { Public } from '#auth';

class SizeDto {
  @ApiProperty()
  @IsInt()
  @Min(1)
  width!: number;

  @ApiProperty()
  @IsInt()
  @Min(1)
  height!: number;
}

export class CreateItemDto {
  @ApiProperty()
  @IsString()
  @Length(1, 20)
  name!: string;

  @ApiProperty({ required: false })
  @IsOptional()
  @IsEmail()
  email?: string;

  @ApiProperty({ type: SizeDto })
  @ValidateNested()
  @Type(() => SizeDto)
  size!: SizeDto;
}

class UpdateItemDto extends PartialType(CreateItemDto) {}

class PageQuery {
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Max(100)
  limit = 10;

  @IsOptional()
  @IsBoolean()
  all?: boolean;
}

@ApiTags('items')
@Controller('items')
@Public()
export class ItemsController {
  @Get()
  list(@Query() query: PageQuery) {
    return { items: [], query, isPage: query instanceof PageQuery };
  }

  @Get()
  @Version('2')
  second(@Query() query: Record<string, unknown>) {
    return { version: 2, query };
  }

  @Get('versions')
  @Version(['1', '3'])
  several() {
    return { versions: [1, 3] };
  }

  @Get('neutral')
  @Version(VERSION_NEUTRAL)
  neutral() {
    return { neutral: true };
  }

  @Get('search')
  search(
    @Query() query: Record<string, unknown>,
    @Query('page', new DefaultValuePipe(1), ParseIntPipe) page: number,
  ) {
    return { query, page };
  }

  @Get(':id')
  read(@Param('id', ParseIntPipe) id: number) {
    return { id };
  }

  @Get(':id/parts/:part')
  part(@Param('id', ParseUUIDPipe) id: string, @Param('part') part: string) {
    return { id, part };
  }

  @Head(':id/head')
  @HttpCode(204)
  head() {}

  @Options(':id/options')
  options() {
    return { own: 'answer' };
  }

  @Post()
  create(@Body() body: CreateItemDto) {
    return { body, isDto: body instanceof CreateItemDto };
  }

  @Put(':id')
  replace(@Param('id', ParseIntPipe) id: number, @Body() body: CreateItemDto) {
    return { id, body };
  }

  @Patch(':id')
  change(@Param('id', ParseIntPipe) id: number, @Body() body: UpdateItemDto) {
    return { id, body };
  }

  @Delete(':id')
  @HttpCode(204)
  remove(@Param('id', ParseIntPipe) _id: number) {}
}
