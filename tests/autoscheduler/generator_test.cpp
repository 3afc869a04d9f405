// Generator executables, run in this process: what they write, and what they refuse.

#include "autoscheduler/generator_main/files.h"
#include "autoscheduler/generator_main/generator.h"
#include "tests/support/golden.h"

#include <gmock/gmock.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <sys/resource.h>
#include <sys/stat.h>

namespace fs = std::filesystem;
using namespace sylvite;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

namespace {

Halide::Var x("x");

// Diffusion in one dimension, and how far it ends from what was seen.
Program heat(Parameters &p) {
    const int n = p.integer("n", 100, {.help = "cells", .minimum = 2});
    const int steps = p.integer("steps", 4);
    const float k = static_cast<float>(p.real("k", 0.25));
    Array start = input<float>("start", {n}), seen = input<float>("seen", {n});
    auto [end] = loop(steps, {start}, [&](const Expr &, const Array &now) {
        Func u = repeat_edge(now), next("next");
        next(x) = u(x) + k * (u(x - 1) - 2 * u(x) + u(x + 1));
        return Arrays{Array(next, {n})};
    });
    Halide::RDom cell(0, n, "cell");
    Func loss("loss");
    loss() += (end(cell) - seen(cell)) * (end(cell) - seen(cell));
    return Program("heat", {start, seen}, {{"loss", Array(loss, {})}});
}
SYLVITE_GENERATOR(heat, heat)

Program twice(Parameters &p) {
    const Halide::Type type = p.type("type", Halide::Int(32));
    Halide::Param<int> n("n");
    Array a = input(type, "a", {n});
    Func b("b");
    b(x) = a(x) + a(x);
    return Program("twice", {a, n}, {{"b", Array(b, {n})}});
}
SYLVITE_GENERATOR(twice, twice)

Program broken(Parameters &) { throw std::runtime_error("there is no disk\nin the drive"); }

// A folder of its own for each test, empty at its start.
class GeneratorMain : public testing::Test {
protected:
    const fs::path folder =
        fs::path(SYLVITE_BINARY_DIR) / "generator_test" / testing::UnitTest::GetInstance()->current_test_info()->name();
    std::string out, err;

    void SetUp() override {
        fs::remove_all(folder);
        fs::create_directories(folder);
    }

    int run(std::vector<std::string> arguments, const std::vector<Generator> &generators = registered_generators()) {
        arguments.insert(arguments.end(), {"-o", folder.string()});
        std::ostringstream out_stream, err_stream;
        const int code = generator_main("tool", arguments, generators, out_stream, err_stream);
        out = out_stream.str();
        err = err_stream.str();
        return code;
    }

    // Runs what must be refused: one line, and nothing written.
    std::string refusal(const std::vector<std::string> &arguments,
                        const std::vector<Generator> &generators = registered_generators(), int code = 1) {
        EXPECT_EQ(run(arguments, generators), code);
        EXPECT_THAT(files(), IsEmpty());
        EXPECT_EQ(std::count(err.begin(), err.end(), '\n'), 1) << err;
        return err.substr(0, err.find('\n'));
    }

    std::vector<std::string> files() const {
        std::vector<std::string> names;
        for (const fs::directory_entry &file : fs::directory_iterator(folder)) {
            names.push_back(file.path().filename().string());
        }
        return names;
    }

    std::string text(const std::string &file) const {
        std::ifstream stream(folder / file);
        return {std::istreambuf_iterator<char>(stream), {}};
    }

    std::string write(const std::string &name, const std::string &contents) const {
        const fs::path path = fs::path(folder.string() + "." + name);
        std::ofstream(path) << contents;
        return path.string();
    }
};

TEST_F(GeneratorMain, MakesALibraryAndAHeader) {
    ASSERT_EQ(run({"-g", "heat", "target=x86-64", "n=8"}), 0) << err;
    EXPECT_THAT(files(), UnorderedElementsAre("heat.a", "heat.h"));
    EXPECT_TRUE(text("heat.a").find("heat.a.o/") != std::string::npos) << "its member has the same name in each run";
    EXPECT_THAT(text("heat.h"), HasSubstr("int heat(struct halide_buffer_t *start, struct halide_buffer_t *seen, "
                                          "struct halide_buffer_t *loss);"));
    EXPECT_EQ(text("heat.a").substr(0, 7), "!<arch>");
    EXPECT_THAT(text("heat.a"), HasSubstr("halide_default_error"));
    EXPECT_EQ(out, "");
}

TEST_F(GeneratorMain, MakesEveryKindOfFile) {
    ASSERT_EQ(run({"-g", "twice", "-f", "double_it", "-n", "doubled", "-v", "target=x86-64", "runtime=none", "-e",
                   "static_library,c_header,object,assembly,llvm_assembly,stmt,schedule,program,dot"}),
              0)
        << err;
    EXPECT_THAT(files(), UnorderedElementsAre("doubled.a", "doubled.h", "doubled.o", "doubled.s", "doubled.ll",
                                              "doubled.stmt", "doubled.sched", "doubled.txt", "doubled.dot"));
    EXPECT_THAT(out, HasSubstr("doubled.sched\n"));
    EXPECT_THAT(text("doubled.h"),
                HasSubstr("int double_it(struct halide_buffer_t *a, int32_t n, struct halide_buffer_t *b);"));
    EXPECT_THAT(text("doubled.s"), HasSubstr("double_it"));
    EXPECT_THAT(text("doubled.sched"), HasSubstr("sylvite-schedule 1"));
    EXPECT_THAT(text("doubled.txt"), HasSubstr("program double_it\ninput a: int32 [n]\n"));
    EXPECT_THAT(text("doubled.dot"), HasSubstr("digraph \"double_it\" {\n"));
}

TEST(FileKinds, StandInTheManual) {
    std::string table = "| kind | file | what it is |\n|---|---|---|\n";
    for (const FileKind &kind : file_kinds()) {
        table += std::string("| `") + kind.name + "` | `NAME" + kind.extension + "` | " + kind.help + " |\n";
    }
    expect_in_document("docs/generators.md", "| kind |", table);
}

TEST_F(GeneratorMain, MakesHalidesRuntimeOnItsOwn) {
    ASSERT_EQ(run({"-r", "halide", "target=x86-64"}), 0) << err;
    EXPECT_THAT(files(), ElementsAre("halide.a"));
    EXPECT_THAT(text("halide.a"), HasSubstr("halide_default_error"));
    ASSERT_EQ(run({"-g", "twice", "target=x86-64", "-e", "object", "runtime=none"}), 0) << err;
    EXPECT_THAT(text("twice.o"), Not(HasSubstr("halide_default_error")));
}

TEST_F(GeneratorMain, BuildParametersChangeTheProgram) {
    ASSERT_EQ(run({"-g", "twice", "target=x86-64", "-e", "c_header,stmt"}), 0) << err;
    const std::string integers = text("twice.stmt");
    ASSERT_EQ(run({"-g", "twice", "target=x86-64", "-e", "c_header,stmt", "type=float64"}), 0) << err;
    EXPECT_NE(text("twice.stmt"), integers);
}

TEST_F(GeneratorMain, UsesAWrittenSchedule) {
    const std::string schedule = write("sched", "sylvite-schedule 1\nkernel main\n  stage b\n    vectorize x 4\n");
    ASSERT_EQ(run({"-g", "twice", "target=x86-64", "-e", "stmt,schedule", "schedule=" + schedule}), 0) << err;
    EXPECT_THAT(text("twice.sched"), HasSubstr("vectorize x 4"));
    ASSERT_EQ(run({"-g", "twice", "target=x86-64", "-e", "schedule", "schedule=none"}), 0) << err;
    EXPECT_THAT(text("twice.sched"), Not(HasSubstr("vectorize")));
}

TEST_F(GeneratorMain, MakesDerivatives) {
    ASSERT_EQ(run({"-g", "heat", "target=x86-64", "-e", "c_header", "n=8", "derivative=grad", "wrt=start"}), 0) << err;
    EXPECT_THAT(text("heat_grad.h"),
                HasSubstr("int heat_grad(struct halide_buffer_t *start, struct halide_buffer_t *seen, "
                          "struct halide_buffer_t *loss, struct halide_buffer_t *d_loss_d_start);"));
    ASSERT_EQ(run({"-g", "heat", "target=x86-64", "-e", "c_header", "n=8", "derivative=grad,jvp", "wrt=start"}), 0)
        << err;
    EXPECT_THAT(text("heat_grad_jvp.h"), HasSubstr("struct halide_buffer_t *d_start, struct halide_buffer_t *loss"));
    EXPECT_THAT(text("heat_grad_jvp.h"), HasSubstr("struct halide_buffer_t *d_d_loss_d_start);"));
    ASSERT_EQ(run({"-g", "heat", "target=x86-64", "-e", "c_header", "n=8", "derivative=vjp"}), 0) << err;
    EXPECT_THAT(text("heat_vjp.h"),
                HasSubstr("struct halide_buffer_t *adjoint_start, struct halide_buffer_t *adjoint_seen);"));
}

TEST_F(GeneratorMain, TheOnlyGeneratorNeedsNoName) {
    ASSERT_EQ(run({"target=x86-64", "-e", "c_header"}, {{"one", twice}}), 0) << err;
    EXPECT_THAT(files(), ElementsAre("one.h"));
}

TEST_F(GeneratorMain, HelpListsGeneratorsParametersInputsAndTargets) {
    ASSERT_EQ(run({"-h"}), 0) << err;
    for (const char *text :
         {"-g NAME", "static_library", "x86-64-avx2", "Generator heat:", "n=100", "cells; an integer, at least 2",
          "k=0.25", "start  float32 {100}", "loss  float32 {}", "Generator twice:", "a  int32 {n}"}) {
        EXPECT_THAT(out, HasSubstr(text));
    }
    ASSERT_EQ(run({"-h", "-g", "twice"}), 0) << err;
    EXPECT_THAT(out, Not(HasSubstr("Generator heat:")));
    ASSERT_EQ(run({"-h"}, {{"broken", broken}}), 0) << err;
    EXPECT_THAT(out, HasSubstr("with its default parameters it cannot be built: there is no disk in the drive"));
}

TEST_F(GeneratorMain, RefusesUnknownOrMissingGenerators) {
    const std::vector<Generator> all = registered_generators();
    EXPECT_EQ(refusal({}, all, 2), "tool: -g is needed where there are several generators: heat, twice");
    EXPECT_EQ(refusal({"-g", "heet"}, all, 2),
              "tool: there is no generator heet; the generators are heat, twice: did you mean heat?");
    EXPECT_EQ(refusal({}, {}, 2),
              "tool: no generator is linked in: a source file needs SYLVITE_GENERATOR(name, function) or "
              "HALIDE_REGISTER_GENERATOR");
    EXPECT_EQ(refusal({"-g", "a"}, {{"a", heat}, {"a", heat}}, 2),
              "tool: generators need distinct names; a is there twice");
}

TEST_F(GeneratorMain, RefusesUnknownWords) {
    EXPECT_EQ(
        refusal({"-g", "heat", "-e", "static_libary"}),
        "heat: -e needs kinds of files; it has static_libary, and the kinds are static_library, c_header, object, "
        "assembly, llvm_assembly, stmt, device_code, schedule, program, dot: did you mean static_library?");
    EXPECT_EQ(refusal({"-g", "heat", "step=3"}),
              "heat: there is no parameter step; the parameters are n, steps, k, beside target, derivative, wrt, "
              "primal, schedule, autoscheduler, runtime: did you mean steps?");
    EXPECT_THAT(refusal({"-g", "heat", "target=x86-46"}), HasSubstr("did you mean x86-64?"));
    EXPECT_EQ(refusal({"-g", "heat", "derivative=gard", "wrt=start"}),
              "heat: derivative= needs jvp, vjp, grad or hvp; it has gard.");
    EXPECT_EQ(refusal({"-g", "heat", "derivative=grad", "wrt=stat"}),
              "heat: Program heat has no input stat; its inputs are start, seen: did you mean start?");
}

TEST_F(GeneratorMain, RefusesAutoschedulersThatAreNotThereOrHaveNothingToDo) {
    EXPECT_THAT(refusal({"-g", "heat", "target=x86-64", "autoscheduler=Adams2091"}), HasSubstr("Adams2091"));
    EXPECT_EQ(refusal({"-g", "heat", "schedule=none", "autoscheduler=Adams2019"}),
              "heat: autoscheduler= needs something to schedule; schedule=none leaves it nothing.");
    EXPECT_EQ(refusal({"-g", "heat", "autoscheduler.parallelism=4"}),
              "heat: autoscheduler.parallelism= needs an autoscheduler= beside it.");
}

TEST_F(GeneratorMain, RefusesUnreadableFilesAndFolders) {
    EXPECT_THAT(refusal({"-g", "heat", "schedule=nowhere.sched"}), HasSubstr("nowhere.sched"));
    EXPECT_THAT(refusal({"-g", "heat", "-p", "nowhere.so"}), HasSubstr("nowhere.so"));
    EXPECT_EQ(refusal({"-g", "heat", "-n", "a/b"}),
              "heat: -n needs a name without folders; it has a/b: give the folder with -o.");
    EXPECT_EQ(refusal({"-g", "heat", "-f", "1st"}).substr(0, 6), "heat: ");
    std::ostringstream out_stream, err_stream;
    EXPECT_EQ(generator_main("tool", {"-g", "twice", "target=x86-64", "-o", (folder / "none").string()},
                             registered_generators(), out_stream, err_stream),
              1);
    EXPECT_THAT(err_stream.str(), HasSubstr("twice: -o needs a folder that exists"));
}

TEST_F(GeneratorMain, ErrorsNameTheFilesThatWereAskedFor) {
    EXPECT_EQ(refusal({"-g", "twice", "target=x86-64", "-e", "stmt,device_code"}),
              "twice: emit() finds no device code for " + (folder / "twice.device").string() +
                  ": no kernel is scheduled on a GPU.");
}

TEST_F(GeneratorMain, AnErrorLeavesOldFilesAsTheyWere) {
    ASSERT_EQ(run({"-g", "twice", "target=x86-64", "-e", "c_header"}), 0) << err;
    const std::string before = text("twice.h");
    const std::string schedule = write("sched", "sylvite-schedule 1\nkernel main\n  stage b\n    vectorize z 4\n");
    EXPECT_EQ(run({"-g", "twice", "target=x86-64", "-e", "c_header", "schedule=" + schedule, "type=float64"}), 1);
    EXPECT_THAT(err, HasSubstr("4:"));
    EXPECT_EQ(text("twice.h"), before);
    EXPECT_THAT(files(), ElementsAre("twice.h"));
}

TEST_F(GeneratorMain, TakesThePlaceOfRegularFilesOnly) {
    const fs::path pipe = folder / "twice.h";
    ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
    EXPECT_EQ(run({"-g", "twice", "target=x86-64", "-e", "c_header"}), 1);
    EXPECT_EQ(err, "twice: -o needs a folder where files may be written; " + pipe.string() +
                       " cannot: it is not a regular file.\n");
    EXPECT_TRUE(fs::is_fifo(pipe));
    EXPECT_THAT(files(), ElementsAre("twice.h"));
}

// A file that may not grow is to LLVM what a full disk is: it ends the process.
class NoFileMayGrow {
public:
    NoFileMayGrow() : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
        getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit none{0, before_.rlim_max};
        setrlimit(RLIMIT_FSIZE, &none);
    }
    ~NoFileMayGrow() {
        setrlimit(RLIMIT_FSIZE, &before_);
        std::signal(SIGXFSZ, handler_);
    }

private:
    rlimit before_{};
    void (*handler_)(int);
};

TEST_F(GeneratorMain, AFullDiskIsSaidAndNothingIsLeft) {
    for (const char *kind : {"static_library", "c_header", "object", "assembly", "stmt", "schedule", "dot"}) {
        const auto refused = [&] {
            const NoFileMayGrow full;
            return refusal({"-g", "twice", "target=x86-64", "runtime=none", "-e", kind});
        }();
        EXPECT_TRUE(refused.ends_with("File too large") || refused.ends_with("File too large.") ||
                    refused.ends_with("is the disk full?"))
            << refused;
    }
}

TEST_F(GeneratorMain, ReportsWhatAGeneratorThrows) {
    EXPECT_EQ(refusal({}, {{"broken", broken}}), "broken: there is no disk in the drive");
    const auto throws = [](Parameters &) -> Program { throw 3; };
    EXPECT_EQ(refusal({}, {{"odd", throws}}), "odd: it threw something that is no std::exception and has no text");
    ASSERT_EQ(run({"-h"}, {{"odd", throws}}), 0) << err;
    EXPECT_THAT(out, HasSubstr("cannot be built: it threw something"));
}

TEST_F(GeneratorMain, OutputThatCannotBeWrittenIsAnError) {
    std::ostringstream err_stream;
    std::ostream nowhere(nullptr);
    EXPECT_EQ(generator_main("tool", {"-h"}, registered_generators(), nowhere, err_stream), 1);
    EXPECT_EQ(err_stream.str(), "tool: the output cannot be written\n");
}

}  // namespace
