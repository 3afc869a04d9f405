#include "schedules/directives.h"

#include "schedules/directive_call.h"
#include "schedules/join.h"
#include "schedules/sums.h"

namespace sylvite {

namespace {

using Kind = ArgumentKind;

constexpr ArgumentRow var(const char *label) { return {Kind::Variable, label}; }
constexpr ArgumentRow vars(const char *label) { return {Kind::Variable, label, true}; }
constexpr ArgumentRow fresh(const char *label) { return {Kind::NewVariable, label}; }
constexpr ArgumentRow factor(const char *label) { return {Kind::Factor, label}; }
constexpr ArgumentRow lanes(const char *label) { return {Kind::Lanes, label}; }
constexpr ArgumentRow size(const char *label) { return {Kind::Size, label}; }
constexpr ArgumentRow stage{Kind::Stage, "stage"}, readers_of{Kind::Stage, "reader", true},
    others{Kind::Stage, "other", true}, loop_of{Kind::LoopOf, "loop"}, new_stage{Kind::NewStage, "new_stage"},
    condition{Kind::Condition, "condition"}, tail{Kind::Tail, "tail"}, memory{Kind::Memory, "memory"},
    device{Kind::Device, "device"}, partition{Kind::Partition, "policy"};

// The loops named by a directive that runs its iterations side by side: gpu_blocks, gpu_threads.
std::vector<Halide::VarOrRVar> independent(DirectiveCall &c) {
    std::vector<Halide::VarOrRVar> loops = c.variables();
    c.need_independent(loops);
    return loops;
}

void parallel(DirectiveCall &c) {
    c.need_independent({c.variable(0)});
    c.count(Kind::Factor) ? c.stage.parallel(c.variable(0), c.integer(1), c.tail()) : c.stage.parallel(c.variable(0));
}

void vectorize(DirectiveCall &c) {
    c.need_independent({c.variable(0)});
    c.count(Kind::Lanes) ? c.stage.vectorize(c.variable(0), c.integer(1), c.tail()) : c.stage.vectorize(c.variable(0));
}

void unroll(DirectiveCall &c) {
    c.count(Kind::Lanes) ? c.stage.unroll(c.variable(0), c.integer(1), c.tail()) : c.stage.unroll(c.variable(0));
}

void tile(DirectiveCall &c) {
    c.stage.tile(c.variable(0), c.variable(1), c.new_variable(2, 0), c.new_variable(3, 1), c.new_variable(4, 0),
                 c.new_variable(5, 1), c.integer(6), c.integer(7), c.tail());
}

void gpu_blocks(DirectiveCall &c) {
    for (const Halide::VarOrRVar &loop : independent(c)) {
        c.stage.gpu_blocks(loop, c.device());
    }
}

void gpu_threads(DirectiveCall &c) {
    for (const Halide::VarOrRVar &loop : independent(c)) {
        c.stage.gpu_threads(loop, c.device());
    }
}

// The arguments are n loops, n names for blocks, n names for threads and n sizes, for n of 1 to 3.
void gpu_tile(DirectiveCall &c) {
    independent(c);
    const size_t n = c.count(Kind::Variable);
    auto v = [&](size_t i) { return c.variable(i); };
    auto block = [&](size_t i) { return c.new_variable(n + i, i); };
    auto thread = [&](size_t i) { return c.new_variable(2 * n + i, i); };
    auto extent = [&](size_t i) { return c.integer(3 * n + i); };
    if (n == 1) {
        c.stage.gpu_tile(v(0), block(0), thread(0), extent(0), c.tail(), c.device());
    } else if (n == 2) {
        c.stage.gpu_tile(v(0), v(1), block(0), block(1), thread(0), thread(1), extent(0), extent(1), c.tail(),
                         c.device());
    } else {
        c.stage.gpu_tile(v(0), v(1), v(2), block(0), block(1), block(2), thread(0), thread(1), thread(2), extent(0),
                         extent(1), extent(2), c.tail(), c.device());
    }
}

void rfactor(DirectiveCall &c) {
    std::vector<std::pair<Halide::RVar, Halide::Var>> kept;
    for (size_t i = 1; i + 1 < c.size(); i += 2) {
        const Halide::VarOrRVar loop = c.variable(i);
        kept.emplace_back(loop.is_rvar ? loop.rvar : Halide::RVar(loop.name()), c.new_variable(i + 1, i).name());
    }
    Halide::Internal::Function function = c.func.function();
    for (size_t i = 0; i < function.updates().size(); i++) {
        if (c.stage.name() == function.name() + ".update(" + std::to_string(i) + ")") {
            proven_associativity(function, function.update(static_cast<int>(i)));
        }
    }
    c.define_stage(0, c.stage.rfactor(kept));
}

// The Funcs that `in` and `clone_in` name after the new stage.
std::vector<Halide::Func> readers(DirectiveCall &c) {
    std::vector<Halide::Func> funcs;
    for (size_t i = 1; i < c.size(); i++) {
        funcs.push_back(c.reader(i));
    }
    return funcs;
}

void join_stages(DirectiveCall &c) {
    c.need_joinable();
    std::vector<Halide::Func> funcs{c.func};
    for (size_t i = 1; i < c.size(); i++) {
        funcs.push_back(c.joined(i, funcs));
    }
    c.define_stage(0, join(funcs, c.all_stages(), c.word(0)));
}

void reorder_storage(DirectiveCall &c) {
    std::vector<Halide::Var> order;
    for (size_t i = 0; i < c.size(); i++) {
        order.push_back(c.pure_variable(i));
    }
    c.func.reorder_storage(order);
}

}  // namespace

const std::vector<DirectiveRow> &directive_rows() {
    constexpr bool of_func = true, of_stage = false, gpu = true, any = false;
    // clang-format off
    static const std::vector<DirectiveRow> rows = {
        // Where a Func is computed and kept.
        {"compute_root", of_func, any, {{{}}},
         [](DirectiveCall &c) { c.func.compute_root(); },
         "computes all of the Func before anything that reads it"},
        {"compute_at", of_func, any, {{{stage, loop_of}}},
         [](DirectiveCall &c) { c.func.compute_at(c.loop_level()); },
         "computes in each iteration of a loop of a reader what that iteration reads"},
        {"compute_inline", of_func, any, {{{}}},
         [](DirectiveCall &c) { c.func.compute_inline(); },
         "computes the value where it is read; the default"},
        {"store_root", of_func, any, {{{}}},
         [](DirectiveCall &c) { c.func.store_root(); },
         "keeps the values outside all loops, so that iterations share them"},
        {"store_at", of_func, any, {{{stage, loop_of}}},
         [](DirectiveCall &c) { c.func.store_at(c.loop_level()); },
         "keeps the values for one iteration of a loop around the compute_at loop"},
        {"hoist_storage_root", of_func, any, {{{}}},
         [](DirectiveCall &c) { c.func.hoist_storage_root(); },
         "allocates outside all loops; values are not shared"},
        {"hoist_storage", of_func, any, {{{stage, loop_of}}},
         [](DirectiveCall &c) { c.func.hoist_storage(c.loop_level()); },
         "allocates once in an iteration of a loop around the compute_at loop"},
        {"store_in", of_func, any, {{{memory}}},
         [](DirectiveCall &c) { c.func.store_in(c.memory()); },
         "the kind of memory"},
        {"fold_storage", of_func, any, {{{var("x"), factor("extent")}}},
         [](DirectiveCall &c) {
             c.need_inner_stage();
             c.func.fold_storage(c.pure_variable(0), c.integer(1));
         },
         "keeps a circular buffer of that many elements in a dimension"},
        {"align_storage", of_func, any, {{{var("x"), factor("extent")}}},
         [](DirectiveCall &c) { c.func.align_storage(c.pure_variable(0), c.integer(1)); },
         "pads rows to a multiple of elements"},
        {"reorder_storage", of_func, any, {{{vars("x")}}}, reorder_storage,
         "the order of dimensions in memory, innermost first"},
        {"bound", of_func, any, {{{var("x"), size("min"), size("extent")}}},
         [](DirectiveCall &c) { c.func.bound(c.pure_variable(0), c.size_expr(1), c.size_expr(2)); },
         "computes exactly this range of a dimension; a run that needs more stops with an error"},
        {"bound_extent", of_func, any, {{{var("x"), size("extent")}}},
         [](DirectiveCall &c) { c.func.bound_extent(c.pure_variable(0), c.size_expr(1)); },
         "computes exactly this many elements in a dimension"},
        {"align_bounds", of_func, any, {{{var("x"), factor("modulus")}}},
         [](DirectiveCall &c) { c.func.align_bounds(c.pure_variable(0), c.integer(1)); },
         "rounds the computed range of a dimension out to multiples"},

        {"in", of_func, any, {{{new_stage, readers_of}}},
         [](DirectiveCall &c) { c.define_stage(0, c.func.in(readers(c))); },
         "makes a stage that holds a copy of what these readers read, laid out as its own directives say"},
        {"clone_in", of_func, any, {{{new_stage, readers_of}}},
         [](DirectiveCall &c) { c.define_stage(0, c.func.clone_in(readers(c))); },
         "makes a stage that computes the same once more, for these readers"},
        {"join", of_func, any, {{{new_stage, others}}}, join_stages,
         "makes a stage, a Tuple, that holds this Func and others, for all that read them: they may then be computed in "
         "its loops, together"},

        // The loops of one definition.
        {"split", of_stage, any, {{{var("x"), fresh("xo"), fresh("xi"), factor("factor")}, {tail}}},
         [](DirectiveCall &c) {
             c.stage.split(c.variable(0), c.new_variable(1, 0), c.new_variable(2, 0), c.integer(3), c.tail());
         },
         "makes a loop over blocks and a loop of `factor` iterations inside it"},
        {"tile", of_stage, any,
         {{{var("x"), var("y"), fresh("xo"), fresh("yo"), fresh("xi"), fresh("yi"), factor("nx"), factor("ny")},
           {tail}}}, tile,
         "splits two loops and puts the blocks outside"},
        {"reorder", of_stage, any, {{{vars("x")}}},
         [](DirectiveCall &c) { c.stage.reorder(c.variables()); },
         "the order of loops, innermost first"},
        {"fuse", of_stage, any, {{{var("x"), var("y"), fresh("xy")}}},
         [](DirectiveCall &c) {
             const bool reduction = c.variable(0).is_rvar || c.variable(1).is_rvar;
             c.stage.fuse(c.variable(0), c.variable(1), c.new_variable(2, reduction && c.variable(1).is_rvar ? 1 : 0));
         },
         "makes one loop of an inner and an outer one"},
        {"parallel", of_stage, any, {{{var("x")}}, {{var("x"), factor("task")}, {tail}}}, parallel,
         "runs iterations on all cores, `task` of them at a time"},
        {"vectorize", of_stage, any, {{{var("x")}}, {{var("x"), lanes("lanes")}, {tail}}}, vectorize,
         "computes iterations in vector lanes; with a number of lanes it splits first"},
        {"unroll", of_stage, any, {{{var("x")}}, {{var("x"), lanes("factor")}, {tail}}}, unroll,
         "writes iterations out one after the other; with a factor it splits first"},
        {"atomic", of_stage, any, {{{}}},
         [](DirectiveCall &c) { c.stage.atomic(); },
         "makes updates of an element indivisible, so that reduction loops may be parallel or vector; for associative "
         "updates only. Parallel sums of floats then differ in the last bits from run to run"},
        {"rfactor", of_stage, any,
         {{{new_stage, var("r"), fresh("u")}},
          {{new_stage, var("r"), fresh("u"), var("s"), fresh("v")}},
          {{new_stage, var("r"), fresh("u"), var("s"), fresh("v"), var("t"), fresh("w")}}}, rfactor,
         "splits an associative reduction: a new Func holds a partial result for each `r`, in its dimension `u`, and "
         "is scheduled in stages of its own below"},
        {"partition", of_stage, any, {{{var("x"), partition}}},
         [](DirectiveCall &c) { c.stage.partition(c.variable(0), c.partition()); },
         "whether a loop is split into edges and an interior without boundary tests"},
        {"specialize", of_stage, any, {{{condition}}},
         [](DirectiveCall &c) { c.stage = c.stage.specialize(c.condition()); },
         "makes a second version of the loops for when the condition holds; directives indented under it apply to that "
         "version"},

        // GPUs.
        {"gpu_blocks", of_stage, gpu,
         {{{var("x")}, {device}}, {{var("x"), var("y")}, {device}}, {{var("x"), var("y"), var("z")}, {device}}},
         gpu_blocks, "loops that become the grid"},
        {"gpu_threads", of_stage, gpu,
         {{{var("x")}, {device}}, {{var("x"), var("y")}, {device}}, {{var("x"), var("y"), var("z")}, {device}}},
         gpu_threads, "loops that become the threads of a block"},
        {"gpu_single_thread", of_stage, gpu, {{{}, {device}}},
         [](DirectiveCall &c) { c.stage.gpu_single_thread(c.device()); },
         "runs all loops in one thread of the GPU, in their order"},
        {"gpu_tile", of_stage, gpu,
         {{{var("x"), fresh("bx"), fresh("tx"), lanes("nx")}, {tail, device}},
          {{var("x"), var("y"), fresh("bx"), fresh("by"), fresh("tx"), fresh("ty"), lanes("nx"), lanes("ny")},
           {tail, device}},
          {{var("x"), var("y"), var("z"), fresh("bx"), fresh("by"), fresh("bz"), fresh("tx"), fresh("ty"),
            fresh("tz"), lanes("nx"), lanes("ny"), lanes("nz")}, {tail, device}}},
         gpu_tile, "splits loops into blocks of that many threads"},
    };
    // clang-format on
    return rows;
}

const DirectiveRow *find_directive(const std::string &name) {
    for (const DirectiveRow &row : directive_rows()) {
        if (row.name == name) {
            return &row;
        }
    }
    return nullptr;
}

}  // namespace sylvite
