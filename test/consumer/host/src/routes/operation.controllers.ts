import { Controller, Get, VERSION_NEUTRAL } from '@nestjs/common';
import { HealthCheck, HealthCheckService, HealthIndicatorService } from '@nestjs/terminus';
import { SkipThrottle, Throttle } from '@nestjs/throttler';
import { Public } from '#auth';

@Controller({ path: 'health', version: VERSION_NEUTRAL })
@Public()
@SkipThrottle()
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly indicators: HealthIndicatorService,
  ) {}

  @Get()
  @HealthCheck()
  live() {
    return this.health.check([() => this.indicators.check('queue').up({ waiting: 0 })]);
  }

  @Get('down')
  @HealthCheck()
  down() {
    return this.health.check([() => this.indicators.check('queue').down('stopped')]);
  }
}

@Controller('throttled')
@Public()
export class ThrottledController {
  @Get()
  @Throttle({ default: { limit: 2, ttl: 60_000 } })
  read() {
    return { served: true };
  }
}
