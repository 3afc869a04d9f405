// `fuse_steps k` of a loop: n steps become n / k steps whose bodies make k of the old ones, and a second loop that makes
// the n % k that are left. A program is rewritten, before it is split into kernels; nothing after knows of it.

#include "frontend/names.h"
#include "frontend/substitute.h"
#include "schedules/directives.h"

#include <algorithm>

using namespace Halide::Internal;

namespace sylvite {

namespace {

void collect(const Block &block, std::vector<std::shared_ptr<const Loop>> &loops) {
    for (const Step &step : block.steps) {
        if (const auto *loop = std::get_if<std::shared_ptr<const Loop>>(&step)) {
            loops.push_back(*loop);
            collect((*loop)->body, loops);
        }
    }
}

// Why steps of the loop cannot be fused, or an empty text.
std::string why_not(const Loop &loop) {
    if (loop.node->going >= 0) {
        return "a while_loop, which asks its condition before each step";
    }
    for (size_t i = 0; i < loop.node->state.size(); i++) {
        if (loop.keeps(static_cast<int>(i))) {
            return "a loop that keeps the values of state " + loop.node->state[i].name() + " of all steps";
        }
    }
    if (loop.body.steps.size() != 1 || !std::holds_alternative<Kernel>(loop.body.steps[0])) {
        return "a loop whose steps are not one kernel";
    }
    return "";
}

// Arrays that the same loops over the same box write: the values of a Tuple. Without it each would be computed for all of
// its box before the next, and what they share would go through memory.
Arrays written_together(const Arrays &next, const std::string &name) {
    Arrays values;  // each once
    for (const Array &array : next) {
        const bool is_new =
            std::none_of(values.begin(), values.end(), [&](const Array &v) { return v.same_as(array); });
        if (array.node()->kind == ArrayNode::Kind::Value && is_new) {
            values.push_back(array);
        }
    }
    const bool same_box = std::all_of(values.begin(), values.end(), [&](const Array &array) {
        return same_extents(array.extents(), values[0].extents());
    });
    if (values.size() < 2 || !same_box) {
        return next;
    }
    const std::vector<Halide::Var> at = coordinates(values[0].extents().size());
    std::vector<Expr> elements;
    for (const Array &array : values) {
        elements.push_back(array(std::vector<Expr>(at.begin(), at.end())));
    }
    Func together(name);
    together(at) = Halide::Tuple(elements);
    Arrays result = next;
    for (size_t v = 0; v < values.size(); v++) {
        Func element(values[v].name());
        element(at) = together(at)[static_cast<int>(v)];
        const Array written(element, values[v].extents());
        for (Array &array : result) {
            array = array.same_as(values[v]) ? written : array;
        }
    }
    return result;
}

Arrays fused_loop(const Expr &trips, const Arrays &init, const LoopBody &body, LoopOptions options, int k) {
    options.capacity = Expr();
    const auto steps = [&](const Expr &t, const Arrays &state) {
        Arrays now = state;
        for (int i = 0; i < k; i++) {
            now = body(t * k + i, now);
        }
        return written_together(now, options.name + "_states");
    };
    const Arrays fused = loop(trips / k, init, LoopBody(steps), options);
    const Expr left = simplify(trips % k);
    if (is_const_zero(left)) {
        return fused;
    }
    LoopOptions rest = options;
    rest.name += "_rest";
    return loop(left, fused,
                LoopBody([&](const Expr &t, const Arrays &state) { return body(trips / k * k + t, state); }), rest);
}

}  // namespace

Program with_fused_steps(const Program &program, const Schedule &schedule) {
    if (schedule.loops.empty()) {
        return program;
    }
    std::vector<std::shared_ptr<const Loop>> loops;
    collect(blocks_of(program), loops);
    std::vector<std::string> names;
    for (const auto &loop : loops) {
        names.push_back(loop->name);
    }
    std::map<const LoopNode *, int> fused;
    for (const LoopSchedule &said : schedule.loops) {
        const auto found = std::find(names.begin(), names.end(), said.loop);
        if (found == names.end()) {
            schedule_error(schedule.file, said.place,
                           "program " + program.name() + " has no loop " + said.loop + "; its loops are " +
                               list_of(names) + did_you_mean(said.loop, names));
        }
        const Loop &loop = *loops[found - names.begin()];
        check_loop(said, schedule.file);
        for (const Directive &directive : said.directives) {
            if (const std::string why = why_not(loop); !why.empty()) {
                schedule_error(schedule.file, directive.place,
                               "fuse_steps needs a loop whose steps can be made several at a time; " + said.loop +
                                   " is " + why + ".");
            }
            fused[loop.node.get()] = std::stoi(directive.arguments[0]);
        }
    }
    Substitution substitution;
    substitution.rebuild([fused](const LoopNode &loop) -> Substitution::LoopBuilder {
        const auto found = fused.find(&loop);
        if (found == fused.end()) {
            return nullptr;
        }
        return [k = found->second](const Expr &trips, const Arrays &init, const LoopBody &body,
                                   const LoopOptions &options) { return fused_loop(trips, init, body, options, k); };
    });
    std::vector<ProgramOutput> outputs;
    for (const ProgramOutput &output : program.outputs()) {
        outputs.push_back({output.name, substitution(output.array)});
    }
    return Program::derived(program.name(), program.inputs(), outputs);
}

}  // namespace sylvite
