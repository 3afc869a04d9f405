#include "autoscheduler/generator_main/generator.h"

#include "autoscheduler/generator_main/command_line.h"
#include "autoscheduler/generator_main/describe.h"
#include "autoscheduler/generator_main/make.h"
#include "autoscheduler/generator_main/words.h"
#include "frontend/names.h"

#include <algorithm>
#include <iostream>

namespace sylvite {

namespace {

std::vector<Generator> &registry() {
    static std::vector<Generator> generators;
    return generators;
}

std::vector<std::string> names_of(const std::vector<Generator> &generators) {
    std::vector<std::string> names;
    for (const Generator &generator : generators) {
        names.push_back(generator.name);
    }
    return names;
}

// The generators that -g selects: all of them without it.
std::vector<Generator> selected(const std::string &name, const std::vector<Generator> &generators) {
    if (generators.empty()) {
        throw UsageError("no generator is linked in: a source file needs SYLVITE_GENERATOR(name, function) "
                         "or HALIDE_REGISTER_GENERATOR");
    }
    std::vector<Generator> found;
    std::copy_if(generators.begin(), generators.end(), std::back_inserter(found),
                 [&](const Generator &generator) { return name.empty() || generator.name == name; });
    if (found.empty()) {
        const std::vector<std::string> names = names_of(generators);
        throw UsageError("there is no generator " + name + "; the generators are " + list_of(names) +
                         did_you_mean(name, names));
    }
    if (!name.empty() && found.size() > 1) {
        throw UsageError("generators need distinct names; " + name + " is there twice");
    }
    return found;
}

// Makes the files of a request; `speaker` becomes who reports an error.
std::vector<std::string> make(const GeneratorRequest &request, const std::vector<Generator> &generators,
                              std::string &speaker) {
    if (!request.halide_runtime.empty()) {
        return make_runtime(request);
    }
    if (generators.size() > 1) {
        throw UsageError("-g is needed where there are several generators: " + list_of(names_of(generators)));
    }
    speaker = generators.front().name;
    return make_files(generators.front(), request);
}

void run(const std::string &executable, const std::vector<std::string> &arguments,
         const std::vector<Generator> &generators, std::ostream &out, std::string &speaker) {
    const GeneratorRequest request = parse_command_line(executable, arguments);
    const std::vector<Generator> found = selected(request.generator, generators);
    if (!request.help.empty()) {
        out << request.help << "\n" << describe_tables();
        for (const Generator &generator : found) {
            out << "\n" << describe(generator);
        }
        return;
    }
    for (const std::string &path : make(request, found, speaker)) {
        if (request.verbose) {
            out << path << "\n";
        }
    }
}

}  // namespace

bool register_generator(Generator generator) {
    registry().push_back(std::move(generator));
    return true;
}

std::vector<Generator> registered_generators() {
    std::vector<Generator> all = registry();
    for (const std::string &name : Halide::Internal::GeneratorRegistry::enumerate()) {
        all.push_back({name, nullptr});
    }
    return all;
}

int generator_main(const std::string &executable, const std::vector<std::string> &arguments,
                   const std::vector<Generator> &generators, std::ostream &out, std::ostream &err) {
    std::string speaker = executable;  // who reports an error: the generator, once it is known
    std::string failure;
    int code = 1;
    try {
        run(executable, arguments, generators, out, speaker);
        if (out.flush()) {
            return 0;
        }
        failure = "the output cannot be written";
    } catch (const UsageError &error) {
        failure = error.what();
        code = 2;
    } catch (const Halide::Error &error) {  // not a std::exception
        failure = error.what();
    } catch (const std::exception &error) {
        failure = error.what();
    } catch (...) {
        failure = "it threw something that is no std::exception and has no text";
    }
    err << speaker << ": " << one_line(failure) << std::endl;
    return code;
}

}  // namespace sylvite
