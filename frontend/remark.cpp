#include "frontend/remark.h"

#include <atomic>

using namespace Halide::Internal;

namespace sylvite {

namespace {

// A leaf, so that Halide's mutators hand it on unchanged. Its type is seen in no other constant of that value.
struct RemarkConstant final : public UIntImm {
    std::shared_ptr<const Remark> remark;
};

// Constants are told apart by their values where Halide compares Exprs. Numbers need only differ.
uint64_t unique_number() {
    static std::atomic<uint32_t> last{0};
    return 0x53000000u + ++last;
}

const Call *as_return_second(const Expr &e) { return Call::as_intrinsic(e, {Call::return_second}); }

Expr constant_for(std::shared_ptr<const Remark> remark) {
    auto *constant = new RemarkConstant;
    Expr owner(constant);
    constant->type = Halide::UInt(32);
    constant->value = unique_number();
    constant->remark = std::move(remark);
    return owner;
}

std::shared_ptr<const Remark> remark_in(const UIntImm *constant) {
    const auto *found = dynamic_cast<const RemarkConstant *>(constant);
    return found ? found->remark : nullptr;
}

}  // namespace

Expr copy_remark(const UIntImm *constant, const std::function<Function(const Function &)> &copy) {
    const auto remark = remark_in(constant);
    bool changed = false;
    std::vector<Function> copies;
    for (size_t i = 0; remark && i < remark->functions.size(); i++) {
        copies.push_back(copy(remark->functions[i]));
        changed = changed || copies[i].name() != remark->functions[i].name();
    }
    return changed ? constant_for(remark->with(copies)) : Expr(constant);
}

Expr with_remark(const Expr &e, std::shared_ptr<const Remark> remark, const std::vector<Expr> &operands) {
    Expr first = constant_for(std::move(remark));
    for (const Expr &operand : operands) {
        first = Call::make(first.type(), Call::return_second, {operand, first}, Call::PureIntrinsic);
    }
    return Call::make(e.type(), Call::return_second, {first, e}, Call::PureIntrinsic);
}

Remarked remark_on(const Expr &e) {
    Remarked found;
    const Call *call = as_return_second(e);
    if (!call) {
        return found;
    }
    Expr first = call->args[0];
    while (const Call *inner = as_return_second(first)) {
        found.operands.insert(found.operands.begin(), inner->args[0]);
        first = inner->args[1];
    }
    const UIntImm *constant = first.as<UIntImm>();
    found.remark = constant ? remark_in(constant) : nullptr;
    if (!found.remark) {
        return {};
    }
    found.value = call->args[1];
    return found;
}

}  // namespace sylvite
