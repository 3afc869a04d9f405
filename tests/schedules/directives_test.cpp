// Every directive of the table, in every form and with every word, is put on a stage of the example; the values must be
// those of the unscheduled pipeline. The cases come from the table: a new row is tested as it is added.

#include "schedules/directives.h"
#include "tests/support/example.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>
#include <set>

namespace sylvite {

namespace {

struct Case {
    std::string name;
    const DirectiveRow *row;
    Directive directive;

    friend void PrintTo(const Case &c, std::ostream *out) { *out << c.name; }
};

// Arguments of each kind: variables x, y, z in this order (r.x, ... for rfactor), new names a, b, c.
std::string argument_for(const ArgumentRow &argument, const DirectiveRow &row, size_t &variables, size_t &names) {
    static const char *loops[] = {"x", "y", "z"}, *fresh[] = {"a", "b", "c", "d", "e", "f"};
    switch (argument.kind) {
    case ArgumentKind::Variable:
        return (std::string(row.name) == "rfactor" ? "r." : "") + std::string(loops[variables++]);
    case ArgumentKind::NewVariable:
        return fresh[names++];
    case ArgumentKind::Stage:
        return argument.label == std::string("other") ? "blur" : "out";
    case ArgumentKind::LoopOf:
        return row.name == std::string("compute_at") ? "x" : "y";
    case ArgumentKind::NewStage:
        return "partial";
    case ArgumentKind::Lanes:
        return "4";
    case ArgumentKind::Factor:
        return "8";
    case ArgumentKind::Size:
        return std::string(argument.label) == "min" ? "0-0" : "20+n/n";
    case ArgumentKind::Condition:
        return "n >= 4 && in.extent(0) % 7 == 0";
    default:
        return words_for(argument.kind)[0];
    }
}

std::vector<Case> all_cases() {
    std::vector<Case> cases;
    std::set<ArgumentKind> tried;
    for (const DirectiveRow &row : directive_rows()) {
        for (size_t f = 0; f < row.forms.size(); f++) {
            const DirectiveForm &form = row.forms[f];
            size_t variables = 0, names = 0;
            Directive directive{row.name, {}};
            for (const ArgumentRow &argument : form.arguments) {
                const bool several = argument.many && argument.kind == ArgumentKind::Variable;
                for (int copies = several ? 3 : 1; copies > 0; copies--) {
                    directive.arguments.push_back(argument_for(argument, row, variables, names));
                }
            }
            const std::string name = row.name + std::string("_") + std::to_string(f);
            cases.push_back({name, &row, directive});
            // Each word of a list, whether the argument may be left out or not.
            for (size_t i = 0; i < form.arguments.size(); i++) {
                for (const std::string &word : words_for(form.arguments[i].kind)) {
                    Directive variant = directive;
                    variant.arguments[i] = word;
                    cases.push_back({name + "_" + word, &row, variant});
                }
            }
            // What may be left out is the same for all directives, so all its words are tried once only.
            for (const ArgumentRow &optional : form.optional) {
                std::vector<std::string> words = words_for(optional.kind);
                words.resize(tried.insert(optional.kind).second ? words.size() : 2);
                for (const std::string &word : words) {
                    Directive variant = directive;
                    variant.arguments.push_back(word);
                    cases.push_back({name + "_" + word, &row, variant});
                }
            }
        }
    }
    return cases;
}

// What must stand before a directive for it to make sense.
std::vector<Directive> before(const Case &c) {
    const std::string name = c.row->name;
    if (name == "fold_storage") {
        return {{"store_root", {}}, {"compute_at", {"out", "y"}}};
    }
    if (name == "bound" || name == "bound_extent") {
        return {};
    }
    if (c.row->of_func && !name.starts_with("compute")) {
        return {{"compute_at", {"out", "x"}}};
    }
    return {{"compute_root", {}}};
}

// The directive under test in a schedule. A pure stage carries most; rfactor and atomic need an update, and what says
// where to compute is put on blur, whose readers are total.update(0) and out.
Schedule schedule_for(const Case &c) {
    const std::string name = c.row->name;
    KernelSchedule kernel{"main"};
    std::vector<Directive> prepared = before(c);
    if (name == "rfactor" || name == "atomic") {
        kernel.stages.push_back({"total", -1, prepared});
        kernel.stages.push_back({"total", 0, {c.directive}});
        if (name == "rfactor") {
            kernel.stages.push_back({"partial", -1, {{"compute_root", {}}, {"vectorize", {"x", "4"}}}});
            kernel.stages.push_back({"partial", 0, {{"vectorize", {"x", "4"}}}});
        } else {
            kernel.stages.back().directives.push_back({"vectorize", {"r.x", "4", "guard_with_if"}});
        }
    } else if (name == "in" || name == "clone_in") {
        kernel.stages.push_back({"total", -1, {{"compute_root", {}}, c.directive}});
        kernel.stages.push_back({"partial", -1, {{"compute_at", {"out", "y"}}, {"vectorize", {"x", "4"}}}});
    } else if (name == "join") {  // total reads blur, and out reads both
        kernel.stages.push_back({"total", -1, {c.directive, {"compute_at", {"partial", "z"}}}});
        kernel.stages.push_back({"partial", -1, {{"compute_root", {}}, {"vectorize", {"x", "4"}}}});
    } else if (name.starts_with("bound")) {
        kernel.stages.push_back({"out", -1, {c.directive}});
    } else {
        prepared.push_back(c.directive);
        // `partition x always` needs a loop that has edges; blur reads beyond its input.
        kernel.stages.push_back({name == "partition" ? "blur" : "total", -1, prepared});
    }
    Schedule schedule;
    schedule.kernels.push_back(kernel);
    return schedule;
}

const Kernel &example_kernel() {
    static const Kernel kernel = kernels_of(example_program())[0];
    return kernel;
}

class EveryDirective : public testing::TestWithParam<Case> {};

TEST_P(EveryDirective, KeepsTheValues) {
    const Schedule schedule = schedule_for(GetParam());
    SCOPED_TRACE(print(schedule));
    EXPECT_EQ(parse_schedule(print(schedule)), schedule);
    if (GetParam().row->gpu) {
        const bool cuda = GetParam().name.find("vulkan") == std::string::npos;
        const Halide::Target target = plain_host().with_feature(cuda ? Halide::Target::CUDA : Halide::Target::Vulkan);
        const KernelPipeline pipeline = instantiate(example_kernel());
        apply(schedule, "main", pipeline);
        const auto &dims = pipeline.stages[pipeline.stages.size() - 2].definition().schedule().dims();
        const bool on_gpu = std::any_of(dims.begin(), dims.end(),
                                        [](const auto &dim) { return Halide::Internal::is_gpu(dim.for_type); });
        EXPECT_TRUE(on_gpu) << "the directive marked no loop of total";
        if (GetParam().directive.name != "gpu_threads") {  // which needs blocks around it
            lower(example_kernel(), pipeline, target);
        }
        return;
    }
    static const std::vector<float> expected = values_of(example_kernel(), [](const KernelPipeline &) {});
    const auto scheduled = [&](const KernelPipeline &pipeline) { apply(schedule, "main", pipeline); };
    EXPECT_EQ(values_of(example_kernel(), scheduled), expected);
}

INSTANTIATE_TEST_SUITE_P(Table, EveryDirective, testing::ValuesIn(all_cases()),
                         [](const auto &info) { return info.param.name; });

}  // namespace

}  // namespace sylvite
