#pragma once

#include "autoscheduler/generator_main/parameters.h"
#include "frontend/program.h"

#include <functional>
#include <iosfwd>

namespace sylvite {

/// A generator is a program that compiles algorithms ahead of time. Its source is an algorithm, a function that builds
/// it for given parameters, and one line; its main is in the library sylvite_generator_main (docs/generators.md):
///
///     Program heat(Parameters &p) {
///         const int n = p.integer("n", 512, {.help = "cells", .minimum = 2});
///         const double k = p.real("k", 0.1);
///         ...
///         return Program("heat", {u0}, {{"u", u}});
///     }
///     SYLVITE_GENERATOR(heat, heat)
///
///     ./heat -o out target=host n=1000                      # out/heat.a, out/heat.h
///     ./heat -o out target=host derivative=vjp wrt=u0       # out/heat_vjp.a, out/heat_vjp.h
///
/// An unmodified `Halide::Generator<>` that is linked with this main is a generator too: halide_algorithm.h.
///
/// A function that is itself overloaded, as the names of derivatives are, is given as a lambda.
struct Generator {
    std::string name;  ///< a C identifier; what -g selects, and the default name of the compiled function
    /// Empty for a `Halide::Generator<>`, which Halide's registry builds by that name.
    std::function<Program(Parameters &)> build;
};

/// Makes `function`, `Program(Parameters &)`, a generator called `name`. At namespace scope of a source file.
#define SYLVITE_GENERATOR(name, function) \
    [[maybe_unused]] static const bool sylvite_generator_##name = ::sylvite::register_generator({#name, function});

/// What SYLVITE_GENERATOR calls before main. Returns true.
bool register_generator(Generator generator);

/// The generators of this executable: Sylvite's in the order of their registration, then Halide's, those of
/// HALIDE_REGISTER_GENERATOR, by name.
std::vector<Generator> registered_generators();

/// The main of a generator executable: `arguments` without the name of the executable, which is `executable`. Returns
/// the exit code: 0, or after one line on `err` 2 for a wrong command line and 1 for what cannot be done. On an error no
/// file is written or changed.
int generator_main(const std::string &executable, const std::vector<std::string> &arguments,
                   const std::vector<Generator> &generators, std::ostream &out, std::ostream &err);

}  // namespace sylvite
