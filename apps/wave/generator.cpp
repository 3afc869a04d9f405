// Compiles the wave program and its gradient ahead of time.

#include "autoscheduler/generator_main/generator.h"
#include "apps/wave/wave.h"

namespace sylvite::apps {

namespace {

Program build(Parameters &parameters) {
    return wave(parameters.integer("n", 256, {.help = "cells each way", .minimum = 2, .maximum = 16384}));
}

SYLVITE_GENERATOR(wave, build)

}  // namespace

}  // namespace sylvite::apps
